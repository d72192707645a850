"""The packaged functions with the settings that the stack gives: the key is in KMS, the kubeconfig in Secrets Manager."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import jwt
import pytest

from tests.package.events import TICK, request
from tests.package.functions import Function, Package, running
from tests.package.story import BODY, tell

pytestmark = pytest.mark.xdist_group("package")


@pytest.fixture(scope="module")
def deployed(
    packaged: Package, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    kubeconfig = Path(settings["LOOM_KUBECONFIG"]).read_text()
    key = _aws("kms", settings).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    secret = _aws("secretsmanager", settings).create_secret(Name="kubeconfig", SecretString=kubeconfig)["ARN"]
    files = {"LOOM_KUBECONFIG", "LOOM_TICKET_KEY_FILE"}
    stack = {name: text for name, text in settings.items() if name not in files}
    stack |= {"LOOM_TICKET_KMS_KEY": key, "LOOM_KUBECONFIG_SECRET": secret}
    with running(packaged, stack, tmp_path_factory.mktemp("deployed") / "log") as function:
        yield function


def _aws(service: str, settings: dict[str, str]) -> Any:
    session = botocore.session.Session()
    return session.create_client(
        service, region_name="us-east-1", endpoint_url=settings["AWS_ENDPOINT_URL"],
        aws_access_key_id="made-up", aws_secret_access_key="made-up",
    )  # fmt: skip


def test_a_weaver_from_creation_to_deletion_and_a_sweep(packaged: Package, deployed: Function):
    tell(packaged, deployed, "stacked")
    assert deployed.invoke(packaged.handler("Sweep"), TICK)["more"] is False


def test_its_tickets_hold_by_the_keys_that_it_publishes(packaged: Package, deployed: Function):
    ask, handler = deployed.ask, packaged.handler("APIHandler")
    made = ask(handler, request("POST", "/api/weaver", BODY, token="alice"))
    [key] = ask(handler, request("GET", "/.well-known/jwks.json")).body["keys"]
    claims = jwt.decode(made.body["attach"]["ticket"], jwt.PyJWK(key), ["ES256"], options={"verify_aud": False})
    assert claims["iss"] == "https://loom.example/v1"


def test_the_layer_knows_every_service_that_our_code_asks(packaged: Package):
    """Of the services of AWS, the layer has those in layers/dependencies.toml."""
    calls = re.compile(r'\b(?:ask|client|presigned|create_client)\(\s*"(\w+)"')
    asked = {
        name for path in packaged.task.joinpath("chalicelib").rglob("*.py") for name in calls.findall(path.read_text())
    }
    known = {path.name for path in (packaged.layer / "botocore" / "data").iterdir() if path.is_dir()}
    assert {"kms", "secretsmanager", "eks"} <= asked
    assert asked | {"dynamodb"} <= known
