"""What moto's CloudFormation does not make of our template: all of it stands here, and ``test_moto`` fails for what it has learned.

It passes over resources of types that it does not know, and over properties that it does not read. Where the service itself can
do it, the suite asks the service, as :mod:`tests.aws.by_hand` says, with the properties that moto's CloudFormation resolved.
"""

import copy
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from scripts.aws.account import Account
from scripts.aws.releases import Release, template_url
from tests.aws.by_hand import BY_HAND

if TYPE_CHECKING:
    from tests.aws.deployment import Deployment

Json = dict[str, Any]

#: Types that it does not know -> why their resources are left out; those in BY_HAND are made by their services.
LEFT_OUT: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::BasePathMapping": "only with a custom domain, which the suite does not ask for",
    "AWS::ApiGateway::DomainName": "only with a custom domain, which the suite does not ask for",
    "AWS::EKS::AccessEntry": "moto's EKS has no access entries, and the suite's cluster is none of EKS",
    "AWS::WAFv2::WebACL": "only with a firewall, which the suite does not ask for",
    "AWS::WAFv2::WebACLAssociation": "only with a firewall, which the suite does not ask for",
}
#: Properties that it does not read, of types that it knows -> what becomes of them.
UNREAD: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::DynamoDB::Table": {
        "TimeToLiveSpecification": "by hand",
        "PointInTimeRecoverySpecification": "by hand",
    },
    "AWS::KMS::Key": {
        "KeyPolicy": "given as text: it keeps what it gets, and fails on any other when the key is used",
        "KeySpec": "made by hand before the stack, which gets its ARN: the functions sign with it",
        "KeyUsage": "the same",
    },
    "AWS::ApiGateway::RestApi": {"Body": "turned into resources and methods of the template"},
    "AWS::Lambda::Function": {
        "Layers": "left out; the functions that the suite runs have theirs",
        "LoggingConfig": "left out",
        "TracingConfig": "left out",
    },
}


def adapted(account: Account, template: Json) -> Json:
    """The expanded template for moto. Makes the asymmetric keys that it names."""
    template = copy.deepcopy(template)
    _spell_out_apis(template)
    return _with_keys(account, template)


def _spell_out_apis(template: Json) -> None:
    """Resources, methods and stages as moto takes them."""
    for name, api in _of_type(template, "AWS::ApiGateway::RestApi"):
        paths = _resources_of_body(name, api["Properties"])
        template["Resources"] |= paths
        for _, deployment in _of_type(template, "AWS::ApiGateway::Deployment"):
            # AWS has them with the API itself. moto's change sets know no DependsOn, only what refers to what.
            deployment["Properties"]["Description"] = {"Fn::Join": ["", [{"Ref": path} for path in paths]]}
    for _, stage in _of_type(template, "AWS::ApiGateway::Stage"):
        deployment = stage["Properties"].pop("DeploymentId")["Ref"]
        template["Resources"][deployment]["Properties"]["StageName"] = stage["Properties"]["StageName"]


def _with_keys(account: Account, template: Json) -> Json:
    """With the keys as moto takes them; those that sign are made at once."""
    for _, key in _of_type(template, "AWS::KMS::Key"):
        key["Properties"]["KeyPolicy"] = {"Fn::ToJsonString": key["Properties"]["KeyPolicy"]}
    for name, key in _of_type(template, "AWS::KMS::Key"):
        if key["Properties"].get("KeyUsage") == "SIGN_VERIFY":
            del template["Resources"][name]
            asked = {one: key["Properties"][one] for one in ("KeySpec", "KeyUsage")}
            made = account.client("kms").create_key(**asked)["KeyMetadata"]
            template = _with_values(template, name, {"Ref": made["KeyId"], "Arn": made["Arn"]})
    return template


def by_hand(deployment: "Deployment", adapted: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    """Makes what is made by hand, once the stack is there. ``adapted`` is its template.

    Its properties are resolved by moto's CloudFormation, as outputs; it gives none for what a change set made, hence the update.
    """
    resources = {name: one for kind in BY_HAND for name, one in _of_type(adapted, kind)}
    resolved = {
        name: {"Description": name, "Value": {"Fn::ToJsonString": one["Properties"]}, **_condition(one)}
        for name, one in resources.items()
    }
    release = Release({**adapted, "Outputs": resolved}, parameters, {})
    deployment.client("cloudformation").update_stack(
        StackName=deployment.stack.name,
        TemplateURL=template_url(deployment.bucket, release),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    for name, properties in deployment.stack.outputs().items():
        called = deployment.physical.get(name, f"{deployment.stack.name}-{name}")
        BY_HAND[resources[name]["Type"]](deployment.account, called, json.loads(properties))


def _of_type(template: Mapping[str, Any], kind: str) -> list[tuple[str, Json]]:
    return [(name, one) for name, one in template["Resources"].items() if one["Type"] == kind]


def _condition(resource: Json) -> Json:
    return {"Condition": resource["Condition"]} if "Condition" in resource else {}


def _with_values(template: Any, name: str, values: Mapping[str, str]) -> Any:
    """``template`` with what refers to the resource ``name`` replaced by ``values``: of ``Ref``, and of its attributes."""
    match template:
        case {"Ref": str(referred)} if referred == name:
            return values["Ref"]
        case {"Fn::GetAtt": [str(referred), attribute]} if referred == name:
            return values[attribute]
        case {"Fn::Sub": str(text)}:
            for attribute, value in values.items():
                text = text.replace(f"${{{name}}}" if attribute == "Ref" else f"${{{name}.{attribute}}}", value)
            return {"Fn::Sub": text}
        case dict():
            return {key: _with_values(value, name, values) for key, value in template.items()}
        case list():
            return [_with_values(value, name, values) for value in template]
    return template


def _resources_of_body(api: str, properties: Json) -> Json:
    """The paths of an API's OpenAPI document as resources; AWS takes the API's name from there, too."""
    body = properties.pop("Body")
    properties["Name"] = body["info"]["title"]
    properties["GatewayResponses"] = body.get("x-amazon-apigateway-gateway-responses", {})  # for by_hand
    ids: dict[str, Json] = {"": {"Fn::GetAtt": [api, "RootResourceId"]}}
    made: Json = {}
    for path, methods in body["paths"].items():
        steps = path.strip("/").split("/")
        for depth, step in enumerate(steps):
            parent, here = "/".join(steps[:depth]), "/".join(steps[: depth + 1])
            if here not in ids:
                ids[here] = {"Ref": f"{api}Path{len(ids)}"}
                made[ids[here]["Ref"]] = {
                    "Type": "AWS::ApiGateway::Resource",
                    "Properties": {"RestApiId": {"Ref": api}, "ParentId": ids[parent], "PathPart": step},
                }
        for method, operation in methods.items():
            made[f"{ids[path.strip('/')]['Ref']}{method}"] = _method(api, ids[path.strip("/")], method, operation)
    return made


def _method(api: str, resource: Json, method: str, operation: Json) -> Json:
    integration = operation["x-amazon-apigateway-integration"]
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": api},
            "ResourceId": resource,
            "HttpMethod": method.upper(),
            "AuthorizationType": "NONE",
            "Integration": {
                "Type": integration["type"].upper(),
                "IntegrationHttpMethod": integration["httpMethod"],
                "Uri": integration["uri"],
            },
        },
    }
