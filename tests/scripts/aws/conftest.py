"""An AWS account for each test: moto's server over HTTP, and a stage of its own in it."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from scripts.aws.account import Account
from scripts.aws.deploy import Consent, deploy, rollback
from scripts.aws.destroy import destroy
from scripts.aws.stack import Stack
from scripts.aws.stage import Stage
from tests.processes import part

REGION = "us-east-1"

#: What a stack of ours has that tests look at; the parts of SAM are left out by moto, which knows no transforms.
TEMPLATE: Mapping[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {
        "Stage": {"Type": "String"},
        "RelayUrl": {"Type": "String", "Description": "The relay's public URL"},
        "HistoryDays": {"Type": "Number", "Default": 7},
        "EksCluster": {"Type": "String", "Default": ""},
        "KubeconfigSecretArn": {"Type": "String", "Default": ""},
        "SubnetIds": {"Type": "CommaDelimitedList", "Default": ""},
        "ApiGatewayLogRole": {"Type": "String", "Default": "make"},
        "Namespace": {"Type": "String", "Default": "loom-weavers"},
    },
    "Resources": {
        "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "deployment.zip", "Layers": []}},
        "Dependencies": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer.zip"}},
        "WeaversTable": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": kind}
                    for name, kind in {"pk": "S", "sk": "S", "shard": "S", "due_at": "N"}.items()
                ],
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "due",
                        "KeySchema": [
                            {"AttributeName": "shard", "KeyType": "HASH"},
                            {"AttributeName": "due_at", "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "KEYS_ONLY"},
                    }
                ],
            },
        },
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
    },
}
GIVEN = {"RelayUrl": "wss://relay.example.com", "KubeconfigSecretArn": "arn:aws:secretsmanager:x"}


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """moto takes a template from S3 where the host is called localhost, as LocalStack's is."""
    with part("local.aws") as url:
        yield url.replace("127.0.0.1", "localhost")


@dataclass
class Operator:
    """Somebody with a checkout and an account. ``said`` is what they read, ``asked`` what they were asked; they say ``yes`` to it."""

    account: Account
    stage: Stage
    stack: Stack
    bucket: str
    protection: list[bool]
    yes: bool = True
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def deploy(self, **consent: bool) -> None:
        deploy(self.account, self.stage, self.stack, self.bucket, self.consent(**consent), self.said.append)

    def rollback(self, to: str | None = None, **consent: bool) -> None:
        rollback(self.account, self.stage, self.stack, self.bucket, to, self.consent(**consent), self.said.append)

    def destroy(self, **consent: bool) -> None:
        destroy(self.account, self.stage, self.stack, self.consent(**consent), self.said.append)

    def consent(self, **consent: bool) -> Consent:
        def ask(question: str) -> bool:
            self.asked.append(question)
            return self.yes

        return Consent(ask, **consent)

    def package(self, change: Callable[[Any], None] = lambda template: None, code: bytes = b"code") -> None:
        """As `make package` leaves it."""
        template = json.loads(json.dumps(TEMPLATE))
        change(template)
        self.stage.package.mkdir(parents=True, exist_ok=True)
        (self.stage.package / "template.json").write_text(json.dumps(template))
        (self.stage.package / "deployment.zip").write_bytes(code)
        (self.stage.package / "layer.zip").write_bytes(b"layer")

    def configure(self, **parameters: object) -> None:
        self.stage.configuration_file.parent.mkdir(parents=True, exist_ok=True)
        self.stage.configuration_file.write_text(json.dumps({"Parameters": parameters, "Tags": {"team": "blue"}}))

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def changed(self) -> bool:
        """Whether a plan was carried out since the last look."""
        changed = any("COMPLETE" in line for line in self.said)
        self.said.clear()
        return changed


@pytest.fixture
def stranger(aws_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """Has credentials and nothing else."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    session, protection = boto3.Session(region_name=REGION), []

    def protect(params: Mapping[str, Any], **_: Any) -> tuple[Any, Mapping[str, Any]]:
        """moto has no termination protection: what it is set to is noted here."""
        protection.append("EnableTerminationProtection=true" in str(params["body"]) or _true(params["body"]))
        return SimpleNamespace(status_code=200), {}

    session.events.register("before-call.cloudformation.UpdateTerminationProtection", protect)
    stage = Stage(f"t-{uuid.uuid4().hex[:12]}", tmp_path)
    stack = Stack(session.client("cloudformation"), stage.stack, lambda: None)
    return Operator(Account(session), stage, stack, f"artifacts-{uuid.uuid4()}", protection)


def _true(body: Mapping[str, Any]) -> bool:
    return str(body.get("EnableTerminationProtection")).lower() == "true"


@pytest.fixture
def operator(stranger: Operator) -> Operator:
    """Has all that a deployment needs."""
    stranger.account.client("s3").create_bucket(Bucket=stranger.bucket)
    stranger.package()
    stranger.configure(**GIVEN)
    return stranger
