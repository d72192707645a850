"""What each function may do, and that whatever cannot be narrowed is explained in docs/iam.md."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.docs.pages import FOLDER
from tests.infra_aws.stack import STAGES, expanded, of_type

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

PAGE = (FOLDER / "iam.md").read_text()
ROLES = {"ApiHandlerRole": "APIHandler", "SweepRole": "Sweep"}


def statements(role: str) -> Iterator[dict[str, Any]]:
    """Those of the role's one policy, the ones under a condition included."""
    [policy] = of_type(expanded("prod"), "AWS::IAM::Role")[role]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(role: str) -> set[str]:
    return {action for one in statements(role) if one["Effect"] == "Allow" for action in listed(one["Action"])}


def test_each_function_has_a_role_of_its_own_and_no_policy_of_aws():
    roles = of_type(expanded("prod"), "AWS::IAM::Role")
    functions = of_type(expanded("prod"), "AWS::Lambda::Function")
    assert {role: name for name, one in functions.items() for role in one["Role"]["Fn::GetAtt"][:1]} == ROLES
    for role in ROLES:
        assert "ManagedPolicyArns" not in roles[role]
        [trust] = roles[role]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_what_is_needed():
    both = {
        "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords",
        "dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
        "eks:DescribeCluster", "secretsmanager:GetSecretValue",
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
    }  # fmt: skip
    assert actions("ApiHandlerRole") == both | {"kms:Sign", "kms:GetPublicKey"}
    assert actions("SweepRole") == both | {"sqs:SendMessage"}


def asked() -> set[str]:
    """What the adapters ask of AWS, as IAM calls it: by their code, and for the table by the page that a test counts its requests with."""
    of_kms = re.findall(r'_ask\(\s*"(\w+)"', Path("chalicelib/adapters/aws/kms.py").read_text())
    others = [
        one
        for path in Path("chalicelib/adapters/aws").glob("*.py")
        for one in re.findall(r'aws\.ask\("(\w+)", "(\w+)"', path.read_text())
    ]
    patterns = (FOLDER / "data-model.md").read_text().split("## Access patterns")[1].split("\n## ")[0]
    of_table = set(re.findall(r"\| `([A-Z]\w+)`", patterns)) - {
        "TransactWriteItems"
    }  # that has the rights of its writes
    operations = [*(("kms", one) for one in of_kms), *others]
    return {f"{service}:{name.title().replace('_', '')}" for service, name in operations} | {
        f"dynamodb:{name}" for name in of_table
    }


def test_whatever_the_code_asks_of_aws_the_api_may():
    found = asked()
    assert found >= {"kms:Sign", "eks:DescribeCluster", "secretsmanager:GetSecretValue", "dynamodb:Query"}
    assert found <= actions("ApiHandlerRole")
    assert {one for one in found if not one.startswith("kms:")} <= actions("SweepRole")


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_a_pattern_and_the_table_is_one(role):
    assert not [action for action in actions(role) if "*" in action]
    of_table = [one for one in statements(role) if any("dynamodb" in action for action in listed(one["Action"]))]
    resources = [json.dumps(resource) for one in of_table for resource in listed(one["Resource"])]
    assert resources
    assert all("WeaversTable" in resource and "*" not in resource for resource in resources)


@pytest.mark.parametrize("role", ROLES)
def test_every_wildcard_resource_is_explained(role):
    for statement in statements(role):
        if "*" in json.dumps(statement["Resource"]):
            for action in listed(statement["Action"]):
                assert f"`{action}`" in PAGE.split("## Where the resource is `*`")[1].split("\n## ")[0]


@pytest.mark.parametrize("role", ROLES)
def test_every_statement_is_told(role):
    for statement in statements(role):
        assert f"`{statement['Sid']}`" in PAGE


def test_wildcards_of_other_policies_are_explained():
    """Of the keys and the queue, whose policies stand on the resource itself: there, `*` is the resource."""
    template = expanded("prod")
    for name, properties in template["Resources"].items():
        policy = properties["Properties"].get("KeyPolicy") or properties["Properties"].get("PolicyDocument")
        for statement in (policy or {}).get("Statement", ()):
            if "*" in json.dumps([statement["Principal"], statement["Action"], statement["Resource"]]):
                assert f"`{name}`" in PAGE
                assert f"`{statement['Sid']}`" in PAGE


@pytest.mark.parametrize("function", ROLES.values())
def test_what_lambda_needs_for_a_vpc_is_not_for_our_code(function):
    [role] = [role for role, name in ROLES.items() if name == function]
    by_sid = {one["Sid"]: one for one in statements(role)}
    allowed, denied = by_sid["LambdaAttachesToTheVpc"], by_sid["OurCodeDoesNot"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", allowed["Action"])
    name = of_type(expanded("prod"), "AWS::Lambda::Function")[function]["FunctionName"]["Fn::Sub"]
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}"}
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": arn}}


def test_logs_are_kept_for_a_time_and_encrypted():
    groups = of_type(expanded("prod"), "AWS::Logs::LogGroup")
    assert groups.keys() == {"ApiLogs", "SweepLogs", "AccessLogs"}
    days = expanded("prod")["Mappings"]["Stages"]
    assert days.keys() == set(STAGES)
    for group in groups.values():
        assert group["RetentionInDays"] == {"Fn::FindInMap": ["Stages", {"Ref": "Stage"}, "LogDays"]}
        assert group["KmsKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    functions = of_type(expanded("prod"), "AWS::Lambda::Function").values()
    assert sorted(one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions) == ["ApiLogs", "SweepLogs"]


def test_keys_do_what_they_are_for():
    keys = of_type(expanded("prod"), "AWS::KMS::Key")
    assert (keys["TicketKey"]["KeySpec"], keys["TicketKey"]["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert keys["DataKey"]["EnableKeyRotation"] is True
    assert expanded("prod")["Resources"]["DataKey"]["DeletionPolicy"] == "Retain"
