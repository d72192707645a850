"""Lifetimes through every part: an extension that holds, what is refused, and what is told of a weaver."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.client import Client
from tests.e2e.conftest import Edition
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture
def api(edition: Edition) -> Client:
    return Client(edition.login["url"], edition.login["token"])


def test_an_extended_weaver_outlives_its_old_end(api: Client, edition: Edition, weaver):
    saved = weaver("--no-attach", "--ttl", edition.brief, "--name", "saved")
    status, longer, _ = api("POST", f"/api/weaver/{saved['short_id']}/extend", {"lifetime_hours": 2})
    assert (status, longer["id"], longer["lifetime_hours"]) == (200, saved["id"], 2)
    assert longer["expires_at"] > saved["expires_at"]
    assert api("POST", f"/api/weaver/{saved['id']}/extend", {"lifetime_hours": 2})[1] == longer
    brief = weaver(
        "--no-attach", "--ttl", edition.brief
    )  # made later: when it has ended, so has what the other was given first
    until(lambda: api("GET", f"/api/weaver/{brief['id']}")[1]["ended_at"] is not None)
    kept = json.loads(edition.loom("describe", "saved", "--json").stdout)
    assert (kept["status"], kept["expires_at"]) == ("running", longer["expires_at"])

    status, body, _ = api("POST", f"/api/weaver/{brief['id']}/extend", {"lifetime_hours": 2})
    assert (status, body["error"]["code"], body["error"]["details"]["reason"]) == (409, "weaver_ended", "Expired")
    told = dict(line.split("\t") for line in edition.loom("describe", brief["id"]).stdout.splitlines())
    assert told["reason"] == "Expired"
    assert told["ended"]


def test_the_command_line_extends_and_says_until_when(edition: Edition, weaver):
    made = weaver("--ttl", "1h", "--name", "stretched")
    done = edition.loom("extend", "stretched", "3h")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("loom: stretched ends in 2h5")
    more = json.loads(edition.loom("weaver", "extend", made["short_id"], "+30m", "--json").stdout)
    assert more["lifetime_hours"] == 3.5
    refused = edition.loom("extend", "stretched", "3d")
    assert refused.returncode == 1
    assert "at most 48" in refused.stderr


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lifetime_hours": 48.01}, 400, "invalid_lifetime"),
        ({"lifetime_hours": 0}, 400, "invalid_lifetime"),
        ({"lifetime_hours": -2}, 400, "invalid_lifetime"),
        ({"lifetime_hours": 1e-6}, 400, "invalid_lifetime"),
        ({"lifetime_hours": 0.0003}, 400, "invalid_lifetime"),  # 1.08 seconds: over already
        ({"lifetime_hours": 10**400}, 400, "invalid_lifetime"),
        ({"lifetime_hours": "8"}, 400, "invalid_lifetime"),
        ({"lifetime_hours": True}, 400, "invalid_lifetime"),
        ({}, 400, "invalid_lifetime"),
        ({"lifetime_hours": 8, "hours": 8}, 400, "invalid_request"),
        ([8], 400, "invalid_request"),
    ],
)
def test_what_is_refused(api: Client, lasting, body, status, code):
    answered, told, _ = api("POST", f"/api/weaver/{lasting['id']}/extend", body)
    assert (answered, told["error"]["code"]) == (status, code), told
    assert api("GET", f"/api/weaver/{lasting['id']}")[1]["expires_at"] == lasting["expires_at"]


def test_only_who_has_the_right_extends(api: Client, edition: Edition, lasting):
    support = Client(edition.login["url"], _token_of("relay", edition))
    assert support("POST", f"/api/weaver/{lasting['id']}/extend", {"lifetime_hours": 8})[0] == 403
    nobody = Client(edition.login["url"], "wrong")
    assert nobody("POST", f"/api/weaver/{lasting['id']}/extend", {"lifetime_hours": 8})[0] == 401
    status, body, _ = api("POST", "/api/weaver/no-such-weaver/extend", {"lifetime_hours": 8})
    assert (status, body["error"]["code"]) == (404, "weaver_not_found")
    assert api("GET", f"/api/weaver/{lasting['id']}")[1]["expires_at"] == lasting["expires_at"]


@pytest.fixture
def lasting(weaver):
    """A weaver that is older than the shortest lifetime asked for here."""
    made = weaver()
    until(lambda: datetime.now(UTC) > datetime.fromisoformat(made["created_at"]) + timedelta(seconds=2))
    return made


def _token_of(user_id: str, edition: Edition) -> str:
    tokens = json.loads((edition.state / "tokens.json").read_text())
    return str(next(entry["token"] for entry in tokens if entry["principal"]["user_id"] == user_id))
