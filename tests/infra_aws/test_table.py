"""The stack's table is the one that the code makes for itself on the laptop."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.dynamodb.table import Item, table
from tests.infra_aws.stack import merged

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

REGION = "us-east-1"
#: Of CloudFormation's properties, those that CreateTable takes by the same name.
CREATE = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")


@pytest.fixture(autouse=True)
def _aws(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def layout(name: str) -> Any:
    described = boto3.client("dynamodb", region_name=REGION).describe_table(TableName=name)["Table"]
    indexes = {
        index["IndexName"]: (index["KeySchema"], index["Projection"]) for index in described["GlobalSecondaryIndexes"]
    }
    attributes = {one["AttributeName"]: one["AttributeType"] for one in described["AttributeDefinitions"]}
    return described["KeySchema"], indexes, attributes, described["BillingModeSummary"]["BillingMode"]


def test_keys_indexes_and_billing_are_those_of_the_code():
    properties = merged("prod")["Resources"]["WeaversTable"]["Properties"]
    table("by-the-code", region=REGION).create()
    boto3.client("dynamodb", region_name=REGION).create_table(
        TableName="by-the-stack", **{name: properties[name] for name in CREATE}
    )
    assert layout("by-the-stack") == layout("by-the-code")


def test_what_dynamodb_expires_is_the_codes_ttl():
    ttl = merged("prod")["Resources"]["WeaversTable"]["Properties"]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": Item.ttl.attr_name, "Enabled": True}


def test_a_table_with_data_outlives_its_stack():
    resource = merged("prod")["Resources"]["WeaversTable"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert "TableName" not in resource["Properties"]  # a second one must not collide with it
    assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert resource["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
