"""What a deployment's parameters bring with them, and which of them CloudFormation refuses together."""

from typing import Any

import pytest

from tests.infra_aws.stack import expanded

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

TEMPLATE = expanded("prod")
EKS = {"Stage": "dev", "RelayUrl": "wss://relay.example.com", "EksCluster": "weavers"}
SECRET = {"Stage": "dev", "RelayUrl": "wss://relay.example.com", "KubeconfigSecretArn": "arn:aws:secretsmanager:…"}


def resolved(value: Any, given: dict[str, str]) -> Any:
    """A condition's or rule's value: CloudFormation's functions over the parameters."""
    if not isinstance(value, dict):
        return value
    [(function, argument)] = value.items()
    parts = [resolved(one, given) for one in argument] if isinstance(argument, list) else None
    match function, parts:
        case "Ref", _:
            text = str(given.get(argument, TEMPLATE["Parameters"][argument].get("Default", "")))
            listed = TEMPLATE["Parameters"][argument]["Type"] == "CommaDelimitedList"
            return text.split(",") if listed else text
        case "Condition", _:
            return resolved(TEMPLATE["Conditions"][argument], given)
        case "Fn::Equals", [left, right]:
            return left == right
        case "Fn::EachMemberEquals", [members, same]:
            return all(member == same for member in members)
        case "Fn::Not", [condition]:
            return not condition
        case "Fn::And", list(conditions):
            return all(conditions)
        case "Fn::Or", list(conditions):
            return any(conditions)
        case "Fn::Join", [separator, texts]:
            return separator.join(texts)
    raise NotImplementedError(function)


def refused(given: dict[str, str]) -> list[str]:
    """What CloudFormation says."""
    applying = [rule for rule in TEMPLATE["Rules"].values() if resolved(rule.get("RuleCondition", True), given)]
    return [
        one["AssertDescription"]
        for rule in applying
        for one in rule["Assertions"]
        if not resolved(one["Assert"], given)
    ]


def optional(given: dict[str, str]) -> set[str]:
    """The resources under a condition that are made."""
    return {
        name
        for name, resource in TEMPLATE["Resources"].items()
        if "Condition" in resource and resolved({"Condition": resource["Condition"]}, given)
    }


LOG_ROLE = {"ApiGatewayAccount", "ApiGatewayLogsRole"}
ACCESS = {"ApiClusterAccess", "SweepClusterAccess"}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (EKS, LOG_ROLE | ACCESS),
        (SECRET, LOG_ROLE),
        ({**SECRET, "ApiGatewayLogRole": "exists"}, set()),
        ({**EKS, "DomainName": "w.example.com", "CertificateArn": "arn:aws:acm:…"}, LOG_ROLE | ACCESS | {"Domain", "DomainMapping"}),
        (
            {**SECRET, "DomainName": "w.example.com", "CertificateArn": "arn:aws:acm:…", "HostedZoneId": "Z1"},
            LOG_ROLE | {"Domain", "DomainMapping", "DomainRecord"},
        ),
        ({**SECRET, "Waf": "true"}, LOG_ROLE | {"Firewall", "FirewallBeforeApi"}),
        ({**SECRET, "AlarmEmail": "ops@example.com"}, LOG_ROLE | {"AlarmByEmail"}),
        ({**SECRET, "HostedZoneId": "Z1"}, LOG_ROLE),
    ],
)  # fmt: skip
def test_what_is_chosen_is_made(given, made):
    assert refused(given) == []
    assert optional(given) == made


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**EKS, **SECRET}, "Name one cluster"),
        ({"Stage": "dev"}, "Name one cluster"),
        ({**EKS, "SubnetIds": "subnet-1,subnet-2"}, "SubnetIds and SecurityGroupIds"),
        ({**EKS, "SecurityGroupIds": "sg-1"}, "SubnetIds and SecurityGroupIds"),
        ({**EKS, "DomainName": "w.example.com"}, "CertificateArn"),
        ({**EKS, "Stage": "prod"}, "Nobody would hear prod's alarms"),
    ],
)
def test_what_does_not_belong_together_is_refused(given, words):
    [said] = refused(given)
    assert words in said


def test_a_vpc_needs_both():
    given = {**EKS, "SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"}
    assert refused(given) == []
    assert resolved({"Condition": "InVpc"}, given)
    assert not resolved({"Condition": "InVpc"}, EKS)


def test_prods_table_is_protected_from_deletion():
    protected = TEMPLATE["Resources"]["WeaversTable"]["Properties"]["DeletionProtectionEnabled"]
    assert protected == {"Fn::If": ["IsProd", True, False]}
    assert [resolved({"Condition": "IsProd"}, {"Stage": one}) for one in ("dev", "staging", "prod")] == [
        False,
        False,
        True,
    ]
