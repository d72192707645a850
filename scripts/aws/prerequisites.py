"""What a deployment needs before it can begin. Everything that is missing is said at once, each with what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from scripts.aws.account import Account, Bucket, told
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.releases import local_template
from scripts.aws.stack import Stack
from scripts.aws.stage import Configuration, Stage, configuration, missing_parameters, unknown_parameters

#: The template's parameters that name the EKS cluster, and the subnets from which functions reach a private one.
CLUSTER: Final = "EksCluster"
KUBECONFIG: Final = "KubeconfigSecretArn"
SUBNETS: Final = "SubnetIds"
#: Says whether the stack makes API Gateway's role for logs, which is the default.
LOG_ROLE: Final = "ApiGatewayLogRole"


@dataclass(frozen=True, slots=True)
class Ready:
    """What a deployment is made from."""

    bucket: Bucket
    template: Mapping[str, Any]
    configuration: Configuration


def bucket_name(account: str, region: str) -> str:
    """The artifact bucket's, unless another is named: bucket names are the whole world's."""
    return f"weavers-artifacts-{account}-{region}"


def ready(account: Account, stage: Stage, stack: Stack, bucket: str | None) -> Ready:
    """Raises Refused, which lists what is missing; OperatingError where AWS does not answer."""
    place = reachable_bucket(account, bucket)
    missing = [place] if isinstance(place, str) else []
    template = local_template(stage.package) if (stage.package / "template.json").exists() else None
    if template is None:
        missing.append(f"the package: make package STAGE={stage.name}")
    given = Configuration({}, {})
    if stage.configuration_file.exists():
        given = configuration(stage.configuration_file)
    else:
        missing.append(f"{stage.configuration_file}, with the stage's parameters (docs/deploy.md says which)")
    if template is not None:
        given = Configuration(stage.parameters(template, given.parameters), given.tags)
        missing += _parameters(stage, template, given.parameters)
        if LOG_ROLE in template.get("Parameters", {}) and given.parameters.get(LOG_ROLE) != "exists":
            missing += _log_role(account, stage, stack)
    missing += _cluster(account, given.parameters)
    if missing or template is None or isinstance(place, str):
        raise Refused("missing:\n" + "\n".join(f"  - {one}" for one in missing))
    return Ready(place, template, given)


def reachable_bucket(account: Account, name: str | None) -> Bucket | str:
    """The artifact bucket, or what to do about it. Raises Refused without credentials, OperatingError."""
    if not account.has_credentials:
        raise Refused("missing:\n  - credentials: set AWS_PROFILE, or log in with `aws sso login`")
    found = Bucket(account.client("s3"), name or bucket_name(account.id, str(account.region)), account.id)
    try:
        found.ask("head_bucket")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return (
                f"the artifact bucket: aws s3 mb s3://{found.name} --region {account.region}, or name another: BUCKET=…"
            )
        return f"the bucket {found.name} is not this account's, or may not be read: name another: BUCKET=…"
    return found


def _parameters(stage: Stage, template: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[str]:
    file = stage.configuration_file
    for name, description in missing_parameters(template, given).items():
        yield f"the parameter {name} in {file}: {description}"
    for name in unknown_parameters(template, given):
        yield f"a parameter {name}, which {file} gives, is not in the template: is it misspelled?"
    clusters = {CLUSTER, KUBECONFIG}
    if clusters <= template.get("Parameters", {}).keys() and len([one for one in clusters if given.get(one)]) != 1:
        yield f"the cluster: exactly one of the parameters {CLUSTER} and {KUBECONFIG} in {file}"


def _log_role(account: Account, stage: Stage, stack: Stack) -> Iterator[str]:
    """API Gateway has one role for logs in an account and region: a second stack that sets its own would cut off the first's."""
    with told():
        role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
        own = stack.physical_ids("AWS::IAM::Role") if role and stack.described() else []
    if role and role.rpartition("/")[2] not in own:
        yield (
            f"the parameter {LOG_ROLE} in {stage.configuration_file}: another stack has set API Gateway's role for logs "
            f'({role}): say "{LOG_ROLE}": "exists"'
        )


def _cluster(account: Account, given: Mapping[str, str]) -> Iterator[str]:
    """The EKS cluster, if one is named, as the control plane will find it."""
    name = given.get(CLUSTER)
    if not name:
        return
    try:
        cluster = account.client("eks").describe_cluster(name=name)["cluster"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise OperatingError(f"cannot look at the EKS cluster {name}: {error}") from error
        yield f"the EKS cluster {name}: there is none of this name in {account.region}"
        return
    if cluster.get("status") not in ("ACTIVE", "UPDATING"):
        yield f"the EKS cluster {name} is {cluster.get('status')}: it must be ACTIVE"
    access = cluster.get("accessConfig", {}).get("authenticationMode", "API")
    if access == "CONFIG_MAP":
        yield (
            f"access entries in the EKS cluster {name}: aws eks update-cluster-config --name {name} "
            "--access-config authenticationMode=API_AND_CONFIG_MAP"
        )
    private = not cluster.get("resourcesVpcConfig", {}).get("endpointPublicAccess", True)
    if private and not given.get(SUBNETS):
        yield f"the parameter {SUBNETS}: the endpoint of the EKS cluster {name} is private, the functions must be in its VPC"
