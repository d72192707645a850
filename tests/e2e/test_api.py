"""The HTTP API as a client sees it: the contract, the error envelope, and nothing that answers 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.client import Client
from tests.e2e.conftest import Edition
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture
def api(edition: Edition) -> Client:
    return Client(edition.login["url"], edition.login["token"])


@pytest.fixture
def admin(edition: Edition) -> Client:
    return Client(edition.login["url"], edition.admin_token)


def test_health_tells_each_dependency(edition: Edition):
    status, body, _ = Client(edition.login["url"], None)("GET", "/health")
    assert status == 200
    assert body["status"] == "healthy"
    assert {name: check["ok"] for name, check in body["checks"].items()} == {"kubernetes": True, "dynamodb": True}
    assert all(check["latency_ms"] > 0 for check in body["checks"].values())


def test_a_weaver_from_create_to_gone(api: Client, edition: Edition):
    main = {"command": list(edition.main)} if edition.main else {}
    wanted = {**main, "name": "api-made", "tags": {"team": "blue"}, "env": {"SECRET": "hunter2"}, "attach": "driver"}
    status, made, _ = api("POST", "/api/weaver", wanted)
    assert status == 201
    assert (made["status"], made["name"], made["tags"]) == ("pending", "api-made", {"team": "blue"})
    assert made["pod_name"] == f"weaver-{made['id']}"
    assert made["attach"]["url"] == f"{edition.relay_url.replace('http', 'ws', 1)}/api/weaver/{made['id']}/attach"
    assert "hunter2" not in json.dumps(made)

    status, page, _ = api("GET", "/api/weavers?tag=team:blue")
    assert made["id"] in [one["id"] for one in page["weavers"]], "a list right after a create shows it"
    assert "hunter2" not in json.dumps(page)
    assert api("GET", "/api/weavers?tag=team:red")[1]["weavers"] == []

    for reference in (made["id"], made["short_id"], "api-made", made["short_id"][:6]):
        assert api("GET", f"/api/weaver/{reference}")[1]["id"] == made["id"]
    until(lambda: api("GET", "/api/weaver/api-made")[1]["status"] == "running")
    assert set(api("GET", "/api/weaver/api-made")[1]["stages"]) >= {"reserved", "scheduled", "ready"}

    assert api("DELETE", "/api/weaver/api-made")[0] == 204
    edition.pod_is_gone(made["id"])
    until(lambda: api("GET", f"/api/weaver/{made['id']}")[1]["ended_at"] is not None)
    assert api("DELETE", f"/api/weaver/{made['id']}")[0] == 204
    gone = api("GET", f"/api/weaver/{made['id']}")[1]
    assert gone["reason"] == "Deleted"
    assert made["id"] in [one["id"] for one in api("GET", "/api/weavers?ended=true")[1]["weavers"]]


def test_a_repeated_create_makes_one_weaver(api: Client):
    first = api("POST", "/api/weaver", {"tags": {"n": "1"}}, Idempotency_Key="once")[1]
    again = api("POST", "/api/weaver", {"tags": {"n": "1"}}, Idempotency_Key="once")[1]
    assert again["id"] == first["id"]
    status, body, _ = api("POST", "/api/weaver", {"tags": {"n": "2"}}, Idempotency_Key="once")
    assert (status, body["error"]["code"]) == (409, "idempotency_conflict")
    assert api("DELETE", f"/api/weaver/{first['id']}")[0] == 204


def test_nobody_sees_or_ends_what_is_anothers(api: Client, edition: Edition, weaver):
    made = weaver()
    relay = next(
        entry["token"]
        for entry in json.loads((edition.state / "tokens.json").read_text())
        if entry["principal"]["user_id"] == "relay"
    )
    support = Client(edition.login["url"], relay)
    assert support("GET", f"/api/weaver/{made['id']}")[0] == 200
    assert support("DELETE", f"/api/weaver/{made['id']}")[0] == 403
    assert support("POST", f"/api/weaver/{made['id']}/ticket", {"role": "driver"})[0] == 403
    assert support("POST", f"/api/weaver/{made['id']}/ticket", {"role": "observer"})[0] == 200
    nobody = Client(edition.login["url"], "wrong")
    assert nobody("GET", f"/api/weaver/{made['id']}")[0] == 401
    assert api("GET", f"/api/weaver/{made['id']}")[1]["status"] == "running"


def test_a_sweep_by_hand_is_for_admins(api: Client, admin: Client):
    assert api("POST", "/api/weavers/cleanup", {})[0] == 403
    status, body, _ = admin("POST", "/api/weavers/cleanup", {"dry_run": True})
    assert status == 200
    steps = body.pop("steps")  # those of other tests' weavers that are still going
    assert body == {"dry_run": True, "deleted_count": 0, "deleted_ids": [], "more": False}
    assert {step["action"] for step in steps} <= {"look", "finish", "repair"}


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nothing/here", {}, 404, "not_found"),
        ("GET", "/api/weaver/no-such-weaver", {}, 404, "weaver_not_found"),
        ("DELETE", "/api/weaver/no-such-weaver", {}, 404, "weaver_not_found"),
        ("PUT", "/api/weavers", {}, 405, "method_not_allowed"),
        ("BREW", "/api/weavers", {}, 405, "method_not_allowed"),
        ("POST", "/api/weaver", {"Content_Type": "text/plain", "raw": b"x"}, 415, "unsupported_media_type"),
        ("POST", "/api/weaver", {"raw": b"{"}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"raw": b"\xff\xfe"}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"raw": b"[" * 100_000}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"raw": b" " * 300_000}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"raw": b'{"lifetime_hours": NaN}'}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"body": [1]}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"body": {"lifetime_hours": 49}}, 400, "invalid_lifetime"),
        ("POST", "/api/weaver", {"body": {"name": "\ud800"}}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"body": {}, "Idempotency_Key": "x" * 256}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"body": {"org_id": "others"}}, 403, "forbidden"),
        ("POST", "/api/weaver/x/ticket", {"body": {"action": "fly"}}, 400, "invalid_request"),
        ("GET", "/api/weavers?limit=0", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?limit=%C2%B2", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?cursor=what", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?status=odd", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?sattus=running", {}, 400, "invalid_request"),
        ("GET", f"/api/weavers?owner={'x' * 3000}", {}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"body": {"org_id": "not a label"}}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"Content_Length": "9" * 30}, 413, "body_too_large"),
        ("GET", "/api/weaver/%00", {}, 400, "invalid_request"),
        ("GET", "/api/weaver/%ff%2F..%2Fx", {}, 404, "weaver_not_found"),
        ("GET", f"/api/weaver/{'x' * 3000}", {}, 400, "invalid_request"),
        ("DELETE", "/api/weaver/x?force=true", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?owner=%00", {}, 400, "invalid_request"),
        ("GET", "/api/weavers?limit=1&limit=2", {}, 400, "invalid_request"),
        ("POST", "/api/weaver", {"raw": b'{"lifetime_hours": 1e400}'}, 400, "invalid_lifetime"),
        ("POST", "/api/weaver", {"raw": b'{"name": "a", "name": "b"}'}, 400, "invalid_request"),
        ("OPTIONS", "/api/weavers", {}, 405, "method_not_allowed"),
        ("GET", "/api/weavers?org=others", {}, 403, "forbidden"),
        ("GET", "/api/weavers?owner=other", {}, 403, "forbidden"),
        ("GET", "/api/weaver/x/attach", {}, 426, "upgrade_required"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_envelope(api: Client, method, path, sent, status, code):
    answered, body, _ = api(method, path, **sent)
    assert (answered, body["error"]["code"]) == (status, code), body
    assert body["error"]["message"]
    assert isinstance(body["error"]["details"], dict)


def test_without_a_token_the_answer_says_how(edition: Edition):
    status, body, headers = Client(edition.login["url"], None)("GET", "/api/weavers")
    assert (status, body["error"]["code"], headers["www-authenticate"]) == (401, "unauthorized", "Bearer")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["image", "repo", "branch", "env", "tags", "name", "lifetime_hours", "command", "args", "workdir", "resources"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(FIELDS), value=JSON_VALUES)
def test_no_body_makes_a_server_error(api: Client, field, value):
    # A field that cannot be valid rides along, so that no example makes a weaver.
    status, body, _ = api("POST", "/api/weaver", {field: value, "unknown": 1})
    assert status == 400, body
    assert body["error"]["details"]["field"]
