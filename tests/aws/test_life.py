"""A weaver's life in the deployed stack: the packaged functions, with the settings that the stack gave them, do all of it."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from chalicelib.domain.tickets import AUDIENCE
from tests.aws.control_plane import BODY, ControlPlane
from tests.aws.deployment import Deployment
from tests.package.events import request
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("aws")

#: Seconds.
SHORT = 2


@pytest.fixture(autouse=True)
def _nothing_left(control_plane: ControlPlane) -> Iterator[None]:
    """Each test finds and leaves no weaver."""
    yield
    for weaver_id in control_plane.listed():
        control_plane.ask("DELETE", "/api/weaver/{weaver_id}", weaver_id=weaver_id)
    until(lambda: not control_plane.pods())
    control_plane.tick()


@pytest.fixture
def weaver(control_plane: ControlPlane) -> dict[str, Any]:
    """A new one."""
    created: dict[str, Any] = control_plane.told("POST", "/api/weaver", BODY)
    return created


def test_the_control_plane_is_healthy(control_plane: ControlPlane):
    health = control_plane.told("GET", "/health")
    assert health["status"] == "healthy"


def test_it_is_made_lives_longer_is_deleted_and_becomes_history(control_plane: ControlPlane, weaver: dict[str, Any]):
    weaver_id = weaver["id"]
    assert (weaver["status"], control_plane.listed(), control_plane.pods()) == (
        "pending",
        [weaver_id],
        [f"weaver-{weaver_id}"],
    )
    until(lambda: control_plane.told("GET", "/api/weaver/{weaver_id}", weaver_id=weaver_id)["status"] == "running")
    extended = control_plane.told("POST", "/api/weaver/{weaver_id}/extend", {"lifetime_hours": 2}, weaver_id=weaver_id)
    assert extended["expires_at"] > weaver["expires_at"]
    assert control_plane.tick() == {"deleted_count": 0, "deleted_ids": [], "more": False}
    assert control_plane.ask("DELETE", "/api/weaver/{weaver_id}", weaver_id=weaver_id).status == 204
    until(lambda: not control_plane.pods())
    control_plane.tick()
    assert control_plane.listed() == []
    assert weaver_id in control_plane.listed(ended="true")
    assert _expires_by_itself(control_plane.deployment, weaver_id)


def _expires_by_itself(deployment: Deployment, weaver_id: str) -> bool:
    """Whether DynamoDB is told when to forget the record."""
    item = deployment.client("dynamodb").get_item(
        TableName=deployment.physical["WeaversTable"],
        Key={"pk": {"S": f"weaver#{weaver_id}"}, "sk": {"S": "weaver"}},
    )["Item"]
    return "ttl" in item


def test_its_tickets_are_signed_by_kms_and_verified_with_what_is_published(
    control_plane: ControlPlane, weaver: dict[str, Any]
):
    route, path = "/api/weaver/{weaver_id}/ticket", {"weaver_id": weaver["id"]}
    ticket, other = (control_plane.told("POST", route, {"action": "attach"}, **path)["ticket"] for _ in range(2))
    keys = jwt.PyJWKSet.from_dict(control_plane.told("GET", "/.well-known/jwks.json"))
    key = keys[jwt.get_unverified_header(ticket)["kid"]]
    claims = jwt.decode(ticket, key, ["ES256"], audience=AUDIENCE)
    assert claims["weaver_id"] == weaver["id"]
    assert claims["iss"] == control_plane.settings["LOOM_SERVER_URL"]
    signature = other.rpartition(".")[2]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(f"{ticket.rpartition('.')[0]}.{signature}", key, ["ES256"], audience=AUDIENCE)


def test_the_sweep_ends_one_that_expired(control_plane: ControlPlane):
    short = control_plane.told("POST", "/api/weaver", {**BODY, "lifetime_hours": SHORT / 3600})
    until(lambda: short["id"] in control_plane.tick()["deleted_ids"])
    until(lambda: f"weaver-{short['id']}" not in control_plane.pods())
    control_plane.tick()
    ended = control_plane.told("GET", "/api/weaver/{weaver_id}", weaver_id=short["id"])
    assert (ended["reason"], control_plane.listed()) == ("Expired", [])


def test_a_repeated_create_makes_no_second_one(control_plane: ControlPlane):
    event = request("POST", "/api/weaver", BODY, token=control_plane.token)
    for headers, value in (("headers", "one-key"), ("multiValueHeaders", ["one-key"])):
        event[headers]["Idempotency-Key"] = value
    handler = control_plane.deployment.package.handler("APIHandler")
    first, second = (control_plane.api.ask(handler, event) for _ in range(2))
    assert first.body["id"] == second.body["id"]
