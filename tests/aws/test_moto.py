"""What :mod:`tests.aws.moto` says of moto is still so: what it has learned is to be taken out there."""

import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.cloudformation.parsing import get_model_map

from tests.aws.by_hand import BY_HAND
from tests.aws.conftest import ENDPOINT
from tests.aws.deployment import REGION, Deployment
from tests.aws.moto import LEFT_OUT, UNREAD

pytestmark = [
    pytest.mark.xdist_group("aws"),
    pytest.mark.skipif(bool(ENDPOINT), reason="LocalStack is asked, and not moto"),
]
#: What moto cannot do it answers with an error of its own.
IMPATIENT = Config(retries={"total_max_attempts": 1})
KNOWN = {kind for kind in BY_HAND if kind in UNREAD}


def created(kind: str, properties: dict[str, Any]) -> str:
    """The physical id of a resource of a stack of its own. Raises what boto raises."""
    cloudformation = boto3.client("cloudformation", region_name=REGION, config=IMPATIENT)
    name = f"probe-{uuid.uuid4().hex[:8]}"
    template = {"Resources": {"One": {"Type": kind, "Properties": properties}}}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    summaries = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    return str(summaries[0]["PhysicalResourceId"])


@pytest.mark.parametrize("kind", sorted({*LEFT_OUT, *BY_HAND} - KNOWN))
def test_it_does_not_know_the_type(kind: str):
    assert kind not in get_model_map()


def test_it_leaves_expiry_and_backups_of_a_table_as_they_are(deployment: Deployment):
    properties = deployment.of_type("AWS::DynamoDB::Table")["WeaversTable"]
    kept = {name: value for name, value in properties.items() if "Fn::" not in json.dumps(value)}
    assert kept.keys() >= UNREAD["AWS::DynamoDB::Table"].keys()
    name = created("AWS::DynamoDB::Table", kept)
    dynamodb = deployment.client("dynamodb")
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


def test_it_makes_no_key_that_signs(deployment: Deployment):
    policy = json.dumps({"Statement": []})
    name = created("AWS::KMS::Key", {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": policy})
    made = deployment.client("kms").describe_key(KeyId=name)["KeyMetadata"]
    assert (made["KeySpec"], made["KeyUsage"]) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


@pytest.mark.usefixtures("deployment")
def test_it_takes_no_key_policy_but_as_text():
    name = created("AWS::KMS::Key", {"KeyPolicy": {"Statement": []}})
    kms = boto3.client("kms", region_name=REGION, config=IMPATIENT)
    with pytest.raises(ClientError, match="500"):
        kms.describe_key(KeyId=name)


@pytest.mark.usefixtures("deployment")
def test_it_reads_no_document_of_an_api():
    with pytest.raises(ResponseParserError, match="500"):
        created("AWS::ApiGateway::RestApi", {"Body": {"info": {"title": "one"}, "paths": {}}})


def test_it_does_not_give_a_function_all_that_it_is_to_have(deployment: Deployment):
    wanted = deployment.of_type("AWS::Lambda::Function")["Sweep"]
    told = deployment.function("Sweep")
    assert wanted.keys() >= UNREAD["AWS::Lambda::Function"].keys()
    assert told["TracingConfig"] != wanted["TracingConfig"]
    assert not told["Layers"]
    assert "LoggingConfig" not in told


def test_it_has_no_termination_protection(deployment: Deployment):
    assert not (deployment.stack.described() or {})["EnableTerminationProtection"]
