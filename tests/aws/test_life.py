"""A weaver's life in the deployed stack: the packaged functions, with the settings that the stack gave them, do all of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from chalicelib.domain.tickets import AUDIENCE
from local.cluster import Cluster, pods
from scripts.aws.token import make_token
from tests.aws.deployment import Deployment
from tests.package.events import TICK, Answer, request
from tests.package.functions import Function, running
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("aws")

#: In a real cluster it is pulled; our own node runs the command with the programs of this machine.
BODY = {
    "image": "docker.io/library/busybox:1.37.0",
    "command": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"],
    "resources": {"memory_limit": "64Mi"},
    "lifetime_hours": 1,
}
#: Seconds.
SHORT = 2


@dataclass(frozen=True)
class ControlPlane:
    """Both functions, each an execution environment of its own, and a user's token."""

    deployment: Deployment
    api: Function
    sweep: Function
    token: str
    settings: Mapping[str, str]
    pods: Callable[[], list[str]]

    def ask(
        self, method: str, route: str, body: object = None, *, query: Mapping[str, str] | None = None, **path: str
    ) -> Answer:
        """What API Gateway would answer."""
        event = request(method, route, body, token=self.token, **path)
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in (query or {}).items()} or None
        return self.api.ask(self.deployment.package.handler("APIHandler"), event)

    def told(self, method: str, route: str, body: object = None, **more: Any) -> Any:
        """The body of the answer, which is no error."""
        answer = self.ask(method, route, body, **more)
        assert answer.status < 300, (answer, self.api.log.read_text())
        return answer.body

    def tick(self) -> dict[str, Any]:
        """What the sweep of a minute did."""
        done: dict[str, Any] = self.sweep.invoke(self.deployment.package.handler("Sweep"), TICK)
        return done

    def listed(self, **query: str) -> list[str]:
        return [one["id"] for one in self.told("GET", "/api/weavers", query=query)["weavers"]]


@pytest.fixture(scope="session")
def control_plane(
    deployment: Deployment, endpoint: str, cluster: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("functions")
    mark = deployment.stage.name
    token = make_token(deployment.account, deployment.stage, deployment.stack, f"developer-{mark}", None)

    def function(logical_id: str) -> AbstractContextManager[Function]:
        # By its credentials the log of requests tells whose they are.
        own = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": logical_id}
        return running(deployment.package, {**_settings(deployment, logical_id), **own}, folder / logical_id)

    settings = _settings(deployment, "APIHandler")
    weavers = Cluster(cluster, settings["LOOM_NAMESPACE"], "", mark)
    with function("APIHandler") as api, function("Sweep") as sweep:
        yield ControlPlane(deployment, api, sweep, token, settings, lambda: pods(weavers))


def _settings(deployment: Deployment, logical_id: str) -> dict[str, str]:
    """Those that the stack gave a function; moto has them as the template's numbers."""
    variables = deployment.function(logical_id)["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items()}


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
    assert control_plane.listed(ended="true") == [weaver_id]
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
