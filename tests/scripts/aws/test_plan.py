"""A change set as DescribeChangeSet tells it, and what people are shown of it."""

from typing import Any

from scripts.aws.plan import Change, changes, table


def told(action: str, kind: str, name: str, replacement: str | None = None, *properties: str) -> dict[str, Any]:
    """As in CloudFormation's API reference, ResourceChange: Replacement only where it is a modification."""
    details = [{"Target": {"Attribute": "Properties", "Name": one}, "Evaluation": "Static"} for one in properties]
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind, "Details": details}
    return {"Type": "Resource", "ResourceChange": {**change, **({"Replacement": replacement} if replacement else {})}}


DESCRIBED = [
    told("Add", "AWS::SQS::Queue", "DeadLetters"),
    told("Modify", "AWS::Lambda::Function", "APIHandler", "False", "Code", "Layers", "Code"),
    told("Modify", "AWS::DynamoDB::Table", "WeaversTable", "True", "KeySchema"),
    told("Modify", "AWS::KMS::Key", "TicketKey", "Conditional", "KeySpec"),
    told("Remove", "AWS::Lambda::LayerVersion", "Dependencies0a1b"),
]


def test_what_is_most_worth_reading_comes_first():
    assert [(one.what, one.logical_id) for one in changes(DESCRIBED)] == [
        ("REPLACE", "WeaversTable"),
        ("remove", "Dependencies0a1b"),
        ("replace?", "TicketKey"),
        ("change", "APIHandler"),
        ("add", "DeadLetters"),
    ]


def test_the_table():
    assert table(changes(DESCRIBED)).splitlines() == [
        "  REPLACE   AWS::DynamoDB::Table       WeaversTable      KeySchema",
        "  remove    AWS::Lambda::LayerVersion  Dependencies0a1b",
        "  replace?  AWS::KMS::Key              TicketKey         KeySpec",
        "  change    AWS::Lambda::Function      APIHandler        Code, Layers",
        "  add       AWS::SQS::Queue            DeadLetters",
        "  1 REPLACE, 1 remove, 1 replace?, 1 change, 1 add",
    ]
    assert table([]) == "  no resource changes"


def test_what_would_be_lost_for_good():
    losses = {one.logical_id for one in changes(DESCRIBED) if one.loses}
    assert losses == {"WeaversTable", "TicketKey"}
    assert Change("remove", "WeaversTable", "AWS::DynamoDB::Table").loses
    assert not Change("change", "WeaversTable", "AWS::DynamoDB::Table").loses
    assert not Change("add", "WeaversTable", "AWS::DynamoDB::Table").loses
