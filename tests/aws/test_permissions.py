"""Whatever the functions ask of AWS, their roles as deployed allow it. moto tells what was asked, and enforces nothing itself."""

import ast
import base64
import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import ENDPOINT
from tests.aws.control_plane import BODY, ControlPlane
from tests.aws.deployment import Deployment
from tests.waiting import until

pytestmark = [
    pytest.mark.xdist_group("aws"),
    pytest.mark.skipif(bool(ENDPOINT), reason="moto tells what was asked, and LocalStack does not"),
]
#: What X-Amz-Target calls a service -> what IAM calls it.
SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "secretsmanager": "secretsmanager"}
#: What a transaction is made of -> what it needs (DynamoDB's developer guide, "IAM for transactions").
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass(frozen=True, order=True)
class Ask:
    """An action on a resource, by its ARN, for the function whose credentials they were."""

    function: str
    action: str
    resource: str


def asked(log: Path, deployment: Deployment) -> Iterator[Ask]:
    """Of the functions' requests. Fails for one of a service that has no place here."""
    for line in log.read_text().splitlines():
        recorded = json.loads(line)
        headers = {name.lower(): value for name, value in recorded["headers"].items()}
        function = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        if function in ("APIHandler", "Sweep"):
            service, _, operation = headers["x-amz-target"].partition(".")
            content = recorded["body"]
            body = json.loads(base64.b64decode(content) if recorded["body_encoded"] else content)
            for action, resource in _needs(deployment, SERVICES[service], operation, body):
                yield Ask(function, f"{SERVICES[service]}:{action}", resource)


def _needs(deployment: Deployment, service: str, operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if service == "secretsmanager":
        yield operation, body["SecretId"]
    elif service == "kms":  # whose keys IAM knows by their ARNs, however they were asked for
        prefix = f"arn:aws:kms:{deployment.account.region}:{deployment.account.id}:key/"
        yield operation, prefix + body["KeyId"].removeprefix(prefix)
    elif operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            [(kind, write)] = item.items()
            yield WRITES[kind], _table(deployment, write)
    else:
        yield operation, _table(deployment, body)


def _table(deployment: Deployment, body: dict[str, Any]) -> str:
    index = f"/index/{body['IndexName']}" if "IndexName" in body else ""
    return f"arn:aws:dynamodb:{deployment.account.region}:{deployment.account.id}:table/{body['TableName']}{index}"


def statements(deployment: Deployment, function: str) -> list[dict[str, Any]]:
    """Of all policies of the function's role."""
    iam, role = deployment.client("iam"), deployment.function(function)["Role"].rpartition("/")[2]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    # moto gives what CloudFormation made as Python writes it, with None where AWS::NoValue was.
    read = [ast.literal_eval(one) if isinstance(one, str) else one for one in documents]
    return [statement for document in read for statement in document["Statement"] if statement]


def allowed(ask: Ask, policy: list[dict[str, Any]]) -> bool:
    """As IAM decides it, without conditions: a denial wins."""
    applying = {
        one["Effect"]
        for one in policy
        if _matches(one["Action"], ask.action) and _matches(one["Resource"], ask.resource)
    }
    return applying == {"Allow"}


def _matches(patterns: str | list[str], value: str) -> bool:
    return any(
        fnmatch.fnmatchcase(value, pattern) for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    )


@pytest.fixture(scope="module")
def asks(control_plane: ControlPlane, deployment: Deployment, aws_log: Path) -> set[Ask]:
    """Those of a weaver's life, of a tick, and whatever else was asked before."""
    weaver_id = control_plane.told("POST", "/api/weaver", BODY)["id"]
    for method, route, body in (
        ("GET", "/api/weavers", None),
        ("POST", "/api/weaver/{weaver_id}/ticket", {"action": "attach"}),
        ("POST", "/api/weaver/{weaver_id}/extend", {"lifetime_hours": 2}),
        ("GET", "/.well-known/jwks.json", None),
        ("GET", "/health", None),
        ("DELETE", "/api/weaver/{weaver_id}", None),
    ):
        path = {"weaver_id": weaver_id} if "{" in route else {}
        control_plane.told(method, route, body, **path)
    until(lambda: not control_plane.pods())
    control_plane.tick()
    return set(asked(aws_log, deployment))


@pytest.mark.parametrize("function", ["APIHandler", "Sweep"])
def test_a_function_asks_for_nothing_that_it_may_not(asks: set[Ask], deployment: Deployment, function: str):
    policy = statements(deployment, function)
    own = [ask for ask in sorted(asks) if ask.function == function]
    assert {"dynamodb:Query", "dynamodb:UpdateItem", "secretsmanager:GetSecretValue"} <= {ask.action for ask in own}
    assert [ask for ask in own if not allowed(ask, policy)] == []


def test_only_the_api_signs(asks: set[Ask], deployment: Deployment):
    signing = {ask for ask in asks if ask.action.startswith("kms:")}
    assert {(ask.function, ask.action) for ask in signing} == {
        ("APIHandler", "kms:Sign"),
        ("APIHandler", "kms:GetPublicKey"),
    }
    assert not any(allowed(ask, statements(deployment, "Sweep")) for ask in signing)


@pytest.mark.parametrize("function", ["APIHandler", "Sweep"])
def test_other_tables_keys_and_secrets_are_out_of_reach(asks: set[Ask], deployment: Deployment, function: str):
    policy = statements(deployment, function)
    others = [Ask(function, ask.action, ask.resource.replace(deployment.stack.name, "another")) for ask in asks]
    moved = [ask for ask in others if "another" in ask.resource]
    assert {ask.action.partition(":")[0] for ask in moved} == {"dynamodb", "secretsmanager"}
    assert [ask for ask in moved if allowed(ask, policy)] == []
