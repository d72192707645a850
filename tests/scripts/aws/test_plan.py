"""A change set as DescribeChangeSet tells it, and what people are shown of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

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


#: The table's change as AWS tells it when an index comes or goes: both properties may replace a table, neither need.
KEYS = {"pk": "S", "sk": "S", "shard": "S", "due_at": "N"}
INDEX = {"AttributeDefinitions": "Conditionally", "GlobalSecondaryIndexes": "Conditionally"}


def table_change(recreation: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """With ``IncludePropertyValues``: the attributes before, which are ``KEYS``, and ``after``."""
    change = told("Modify", "AWS::DynamoDB::Table", "WeaversTable", "Conditional")
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": needs},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name, needs in recreation.items()
    ]
    contexts = {"BeforeContext": context(KEYS), "AfterContext": context(after)}
    return {**change, "ResourceChange": {**change["ResourceChange"], "Details": details, **contexts}}


def context(attributes: Mapping[str, str]) -> str:
    defined = [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()]
    return json.dumps({"Properties": {"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": defined}})


@pytest.mark.parametrize("after", [{**KEYS, "owner": "S"}, {"pk": "S", "sk": "S"}])
def test_an_index_that_comes_or_goes_loses_nothing(after: Mapping[str, str]):
    [change] = changes([table_change({**INDEX, "TimeToLiveSpecification": "Never"}, after)])
    assert (change.what, change.loses) == ("change", None)


@pytest.mark.parametrize("name", ["KeySchema", "TableName", "LocalSecondaryIndexes"])
def test_what_may_replace_the_table_is_a_loss_also_beside_an_index(name: str):
    [change] = changes([table_change({**INDEX, name: "Conditionally"}, {**KEYS, "owner": "S"})])
    assert change.what == "replace?"
    assert change.loses


def test_an_attribute_of_another_type_is_a_loss():
    [change] = changes([table_change(INDEX, {**KEYS, "due_at": "S"})])
    assert change.loses


def test_a_table_of_which_no_reason_is_told_is_taken_for_a_loss():
    [change] = changes([table_change({}, KEYS)])
    assert change.loses
