"""A deployment in moto's account: what is missing is said, what is planned is shown and agreed to, and twice is once."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from scripts.aws.account import Account, Bucket
from scripts.aws.errors import Refused
from scripts.aws.releases import Release, id_of, known, load
from scripts.aws.stack import Stack
from tests.scripts.aws.conftest import GIVEN, Operator


def table_of(operator: Operator) -> str:
    [name] = [
        one["PhysicalResourceId"] for one in operator.stack.resources() if one["ResourceType"].endswith("::Table")
    ]
    return name


def bucket_of(operator: Operator) -> Bucket:
    return Bucket(operator.account.client("s3"), operator.bucket, operator.account.id)


def test_everything_that_is_missing_is_said_at_once(stranger: Operator):
    with pytest.raises(Refused) as refused:
        stranger.deploy()
    told = str(refused.value)
    assert "the artifact bucket: aws s3 mb s3://" in told
    assert f"the package: make package STAGE={stranger.stage.name}" in told
    assert f"{stranger.stage.name}.json, with the stage's parameters" in told
    assert stranger.stack.status is None


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, operator: Operator):
    class Nobody(Account):
        has_credentials = False

    operator.account = Nobody(operator.account._session)
    with pytest.raises(Refused, match=r"credentials: set AWS_PROFILE, or log in with `aws sso login`"):
        operator.deploy()


def test_parameters_that_are_missing_or_misspelled(operator: Operator):
    operator.configure(RelayURL="wss://relay.example.com")
    with pytest.raises(Refused) as refused:
        operator.deploy()
    told = str(refused.value)
    assert "the parameter RelayUrl in " in told
    assert "The relay's public URL" in told
    assert "a parameter RelayURL, which " in told
    assert "exactly one of the parameters EksCluster and KubeconfigSecretArn" in told
    assert "Stage" not in told  # that one is known


def test_a_cluster_that_is_not_there(operator: Operator):
    operator.configure(RelayUrl="wss://x", EksCluster="nowhere")
    with pytest.raises(Refused, match="the EKS cluster nowhere: there is none of this name in us-east-1"):
        operator.deploy()


def test_a_cluster_that_functions_cannot_use(operator: Operator):
    name = operator.stage.name
    operator.account.client("eks").create_cluster(
        name=name, roleArn="arn:aws:iam::123456789012:role/eks", resourcesVpcConfig={"endpointPublicAccess": False}
    )
    operator.configure(RelayUrl="wss://x", EksCluster=name)
    with pytest.raises(Refused, match=f"the parameter SubnetIds: the endpoint of the EKS cluster {name} is private"):
        operator.deploy()


@contextmanager
def log_role(operator: Operator, arn: str) -> Iterator[None]:
    """As the account's while it lasts: other tests have the same account."""
    gateway = operator.account.client("apigateway")
    told = {"op": "replace", "path": "/cloudwatchRoleArn"}
    gateway.update_account(patchOperations=[{**told, "value": arn}])
    try:
        yield
    finally:
        gateway.update_account(patchOperations=[{**told, "value": ""}])


def test_a_role_for_logs_that_another_stack_has_set(operator: Operator):
    with log_role(operator, "arn:aws:iam::123456789012:role/weavers-other-ApiGatewayLogsRole"):
        with pytest.raises(Refused) as refused:
            operator.deploy()
        operator.configure(**GIVEN, ApiGatewayLogRole="exists")
        operator.deploy()
    assert "weavers-other-ApiGatewayLogsRole" in str(refused.value)
    assert 'say "ApiGatewayLogRole": "exists"' in str(refused.value)
    assert operator.stack.status == "CREATE_COMPLETE"


def test_a_role_for_logs_that_this_stack_has_set(operator: Operator):
    def with_role(template: Any) -> None:
        policy = {"Version": "2012-10-17", "Statement": []}
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy}}
        template["Resources"]["ApiGatewayLogsRole"] = role

    operator.package(with_role)
    operator.deploy()
    [name] = operator.stack.physical_ids("AWS::IAM::Role")
    with log_role(operator, f"arn:aws:iam::123456789012:role/{name}"):
        operator.deploy()
    assert "nothing to change" in operator.text


def test_a_file_of_parameters_that_is_none(operator: Operator):
    operator.stage.configuration_file.write_text("{")
    with pytest.raises(Refused, match="is not JSON"):
        operator.deploy()
    operator.stage.configuration_file.write_text('{"RelayUrl": "wss://x"}')
    with pytest.raises(Refused, match="must be"):
        operator.deploy()


def test_the_first_deployment(operator: Operator):
    operator.deploy()
    assert operator.asked == ["carry this out?"]
    assert "  add  AWS::DynamoDB::Table" in operator.text
    assert "CREATE_COMPLETE" in operator.text
    assert operator.stack.status == "CREATE_COMPLETE"
    assert operator.protection == [True]
    tables = operator.account.client("dynamodb").list_tables()["TableNames"]
    assert table_of(operator) in tables


def test_what_runs_is_named_by_its_content(operator: Operator):
    operator.deploy()
    resources = operator.stack.template()["Resources"]
    uris = resources["APIHandler"]["Properties"]["CodeUri"], resources["Dependencies"]["Properties"]["ContentUri"]
    objects = operator.account.client("s3").list_objects_v2(Bucket=operator.bucket, Prefix="artifacts/")["Contents"]
    assert sorted(uris) == sorted(f"s3://{operator.bucket}/{one['Key']}" for one in objects)


def test_twice_is_once(operator: Operator):
    operator.deploy()
    assert operator.changed()
    operator.deploy()
    assert "nothing to change" in operator.text
    assert operator.asked == ["carry this out?"]
    proposed = operator.stack.cloudformation.list_change_sets(StackName=operator.stage.stack)["Summaries"]
    [carried_out] = [one for one in proposed if one["StackName"] == operator.stage.stack]  # moto lists everybody's
    assert carried_out["ExecutionStatus"] == "EXECUTE_COMPLETE"
    objects = operator.account.client("s3").list_objects_v2(Bucket=operator.bucket)["KeyCount"]
    assert objects == len(("code", "layer", "template", "release"))


def test_new_code_is_a_change(operator: Operator):
    operator.deploy()
    operator.changed()
    operator.package(code=b"better code")
    operator.deploy()
    assert "UPDATE_COMPLETE" in operator.text
    assert operator.stack.status == "UPDATE_COMPLETE"


def test_one_that_was_not_agreed_to_leaves_nothing(operator: Operator):
    operator.yes = False
    with pytest.raises(Refused, match="nothing was changed"):
        operator.deploy()
    assert operator.stack.status is None
    assert operator.protection == []


def test_a_plan_alone_asks_nothing_and_changes_nothing(operator: Operator):
    operator.deploy(plan_only=True)
    assert "add  AWS::DynamoDB::Table" in operator.text
    assert operator.asked == []
    assert operator.stack.status is None


def test_the_table_is_not_removed_by_mistake(operator: Operator):
    operator.deploy()
    before = operator.stack.template()

    def without(template: Any) -> None:
        del template["Resources"]["WeaversTable"]

    operator.package(without)
    with pytest.raises(Refused, match=r"remove WeaversTable: every record(.|\n)*FORCE=1"):
        operator.deploy()
    assert operator.stack.template() == before
    operator.deploy(force=True)
    assert "WeaversTable" not in operator.stack.template()["Resources"]


def test_a_stack_in_a_state_that_takes_no_change(operator: Operator):
    operator.stack.described = lambda: {"StackStatus": "ROLLBACK_COMPLETE"}  # type: ignore[method-assign]  # moto has no such state
    with pytest.raises(
        Refused, match=r"is ROLLBACK_COMPLETE: its first .* delete it with `make destroy`, then deploy again"
    ):
        operator.deploy()
    operator.stack.described = lambda: {"StackStatus": "UPDATE_IN_PROGRESS"}  # type: ignore[method-assign]
    with pytest.raises(Refused, match="somebody else is at it"):
        operator.deploy()


def test_back_to_the_release_before(operator: Operator):
    operator.deploy()
    first = operator.stack.template()
    operator.package(code=b"worse code")
    operator.configure(**GIVEN, HistoryDays=1)
    operator.deploy()
    assert operator.stack.template() != first
    operator.said.clear()
    operator.rollback()
    assert operator.stack.template() == first
    assert operator.asked == ["carry this out?"] * 3
    [oldest, _] = known(bucket_of(operator), operator.stage.stack)
    assert f"to {id_of(oldest)}" in operator.text
    assert "HistoryDays" not in load(bucket_of(operator), oldest).parameters


def test_back_and_forth_by_name(operator: Operator):
    operator.deploy()
    operator.package(code=b"second")
    operator.deploy()
    second = operator.stack.template()
    [_, newest] = known(bucket_of(operator), operator.stage.stack)
    operator.rollback()
    operator.rollback(to=id_of(newest))
    assert operator.stack.template() == second


def test_which_commit_a_release_is_of(operator: Operator):
    git = ("git", "-C", str(operator.stage.root), "-c", "user.name=a", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run((*git, *command), check=True)
    operator.deploy()
    commit = subprocess.run((*git, "rev-parse", "HEAD"), capture_output=True, text=True, check=True).stdout[:12]
    assert f"(commit {commit})" in operator.text
    operator.package(code=b"not in a commit")
    operator.deploy()
    assert f"(commit {commit}-dirty)" in operator.text
    operator.said.clear()
    operator.rollback()
    assert f"(commit {commit})" in operator.text


class Garbled(Stack):
    """As AWS may give a template back; moto keeps every character."""

    def template(self, kind: str = "Original") -> Mapping[str, Any]:
        return {**super().template(kind), "Description": "?"}


def test_what_runs_and_is_no_release_is_not_guessed_at(operator: Operator):
    """As the newest it would be deployed once more, which would change nothing."""
    operator.deploy()
    operator.package(code=b"second")
    operator.deploy()
    first, second = (id_of(key) for key in known(bucket_of(operator), operator.stage.stack))
    plain = operator.stack
    operator.stack = Garbled(plain.cloudformation, plain.name, plain.pause)
    with pytest.raises(Refused, match=rf"is none of the releases(.|\n)*TO=(.|\n)*{first}(.|\n)*{second}"):
        operator.rollback()
    operator.rollback(to=first)
    assert Release(plain.template(), {}, {}).id == first


def test_nothing_to_go_back_to(operator: Operator):
    with pytest.raises(Refused, match="there is no stack"):
        operator.rollback()
    operator.deploy()
    with pytest.raises(Refused, match="no release before the one that runs"):
        operator.rollback()
    with pytest.raises(Refused, match="no release 0123456789ab"):
        operator.rollback(to="0123456789ab")
