"""What the edge refuses: one envelope, the field by its name, and nothing that a client sends makes a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.ids import is_full_id
from tests.chalicelib.api.gateway import Answer, Gateway
from tests.chalicelib.api.requests import GOOD

POST = "POST", "/api/weaver"
HUGE = int("9" * 400)
TAGS = {f"t{number}": "x" * 256 for number in range(32)}

BODIES: list[tuple[bytes, str, str | None]] = [
    (b"{", "invalid_request", None),
    (b"null", "invalid_request", None),
    (b'"text"', "invalid_request", None),
    (b"[]", "invalid_request", None),
    (b"{}{}", "invalid_request", None),
    (b"{'a': 1}", "invalid_request", None),
    (b"\xff\xfe{\x00}\x00", "invalid_request", None),  # UTF-16
    (b"\xef\xbb\xbf{}", "invalid_request", None),  # a byte order mark
    (b'{"name": "\xe9"}', "invalid_request", "name"),  # API Gateway replaces what is not UTF-8
    (b'{"name": "a\\u0000"}', "invalid_request", "name"),
    (b'{"name": "\\ud800"}', "invalid_request", "name"),
    (b'{"\\ud800": 1}', "invalid_request", "body"),
    (b'{"a b": 1}', "invalid_request", "body"),
    (b'{"name": "a", "name": "b"}', "invalid_request", "name"),
    (b'{"env": {"A": "1", "A": "2"}}', "invalid_request", "A"),
    (b'{"lifetime_hours": NaN}', "invalid_request", None),
    (b'{"lifetime_hours": Infinity}', "invalid_request", None),
    (b'{"lifetime_hours": 1e400}', "invalid_lifetime", "lifetime_hours"),
    (b'{"lifetime_hours": -0.0}', "invalid_lifetime", "lifetime_hours"),
    (b'{"lifetime_hours": %d}' % HUGE, "invalid_lifetime", "lifetime_hours"),
    (b'{"lifetime_hours": ' + b"9" * 5000 + b"}", "invalid_request", None),  # more digits than Python takes
    (b'{"lifetime_hours": true}', "invalid_lifetime", "lifetime_hours"),
    (b'{"lifetime_hours": "4"}', "invalid_lifetime", "lifetime_hours"),
    (b'{"command": %d}' % HUGE, "invalid_request", "command"),
    (b'{"tags": ' + json.dumps(TAGS).encode() + b"}", "invalid_request", "tags"),
    (b"[" * 100_000, "invalid_request", None),
    (b'{"env": ' * 5000, "invalid_request", None),
    (b'{"command": ' + b"[" * 900 + b"]" * 900 + b"}", "invalid_request", "command.0"),
    (b" " * (256 * 1024 + 1), "invalid_request", None),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "base64"])
@pytest.mark.parametrize(("raw", "code", "field"), BODIES, ids=[str(raw[:32]) for raw, _, _ in BODIES])
def test_bodies_that_are_none(gateway: Gateway, raw: bytes, code: str, field: str | None, binary: bool):
    if binary and b"\xe9" in raw:
        field = None  # the bytes come as they are: no UTF-8, no JSON
    assert gateway(*POST, raw=raw, binary=binary).error == (400, code, field)
    assert gateway.world.living() == []


def test_a_body_that_is_no_base64_though_it_is_said_to_be(gateway: Gateway):
    assert gateway(*POST, raw=b"\xff", binary=False).error == (400, "invalid_request", None)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "base64"])
def test_a_good_body_either_way(gateway: Gateway, binary: bool):
    made = gateway(*POST, raw='{"tags": {"a": "é"}}'.encode(), binary=binary)
    assert (made.status, made.body["tags"]) == (201, {"a": "é"})


def test_tags_that_just_fit(gateway: Gateway):
    tags = {f"t{number:02}": "x" * 253 for number in range(32)}
    assert gateway(*POST, {"tags": tags}).status == 201
    assert gateway(*POST, {"tags": tags | {"t00": "x" * 254}}).error == (400, "invalid_request", "tags")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW", "get"])
def test_methods_that_a_path_has_not(gateway: Gateway, method: str):
    answer = gateway(method, "/api/weavers", query={"odd": ["1"]}, token=None)
    assert answer.error == (405, "method_not_allowed", None)
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("said", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx"])
def test_bodies_that_are_not_said_to_be_json(gateway: Gateway, said: str):
    assert gateway(*POST, {}, content_type=said).error == (415, "unsupported_media_type", None)


REFERENCES = ["x" * 65, "x" * 8000, "a\0b", "a\nb", "a\x7f", "\x9b31m", "\ud800"]
WITH_REFERENCE = [operation for operation in sorted(GOOD) if "weaver_id" in operation[1]]


@pytest.mark.parametrize("operation", WITH_REFERENCE, ids=" ".join)
@pytest.mark.parametrize("reference", REFERENCES, ids=[ascii(text[:9]) for text in REFERENCES])
def test_ids_that_can_be_none(gateway: Gateway, operation: tuple[str, str], reference: str):
    method, path = operation
    answer = gateway(method, path.replace("{weaver_id}", "{id}"), reference=reference)
    assert answer.error == (400, "invalid_request", "id")


@pytest.mark.parametrize("reference", ["X", "a/b", "..", "%", "é", "my weaver", "0" * 64, "*"])
def test_ids_that_are_nobodys(gateway: Gateway, reference: str):
    assert gateway("GET", "/api/weaver/{id}", reference=reference).error == (404, "weaver_not_found", None)


QUERIES = [
    ({"sattus": ["running"]}, "sattus"),
    ({"Status": ["running"]}, "Status"),
    ({"": [""]}, ""),
    ({"a\x1b[2J": ["1"]}, "a?[2J"),
    ({"x" * 300: ["1"]}, "x" * 60),
    ({"status": ["odd"]}, "status"),
    ({"status": ["running", "running"]}, "status"),
    ({"limit": ["1", "2"]}, "limit"),
    ({"limit": [""]}, "limit"),
    ({"limit": ["0"]}, "limit"),
    ({"limit": ["1001"]}, "limit"),
    ({"limit": ["1e3"]}, "limit"),
    ({"limit": ["-1"]}, "limit"),
    ({"limit": ["²"]}, "limit"),
    ({"limit": ["9" * 200]}, "limit"),
    ({"ended": ["yes"]}, "ended"),
    ({"ended": [""]}, "ended"),
    ({"owner": [""]}, "owner"),
    ({"owner": ["x" * 256]}, "owner"),
    ({"owner": ["\0"]}, "owner"),
    ({"org": ["\ud800"]}, "org"),
    ({"cursor": [""]}, "cursor"),
    ({"cursor": ["x" * 256]}, "cursor"),
    ({"cursor": ["what"]}, "cursor"),
    ({"tag": ["novalue"]}, "tag"),
    ({"tag": [":v"]}, "tag"),
    ({"tag": ["k:\x1b"]}, "tag"),
    ({"tag": ["k:v"] * 33}, "tag"),
    ({"tag": ["k:" + "v" * 600]}, "tag"),
]


@pytest.mark.parametrize(("query", "field"), QUERIES, ids=[ascii(query)[:40] for query, _ in QUERIES])
def test_parameters_that_are_refused(gateway: Gateway, query: dict[str, list[str]], field: str):
    assert gateway("GET", "/api/weavers", query=query).error == (400, "invalid_request", field)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/weaver"),
        ("DELETE", "/api/weaver/{id}"),
        ("POST", "/api/weaver/{id}/extend"),
        ("POST", "/api/weavers/cleanup"),
    ],
)
def test_parameters_where_there_are_none(gateway: Gateway, method: str, path: str):
    answer = gateway(method, path, query={"dry_run": ["true"]}, token="root")
    assert answer.error == (400, "invalid_request", "dry_run")


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/.well-known/jwks.json"])
def test_parameters_that_keep_caches_away_are_let_through(gateway: Gateway, path: str):
    assert gateway("GET", path, query={"_": ["1"]}, token=None).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"dry_run": "yes"}, "dry_run"),
        ({"dry_run": 1}, "dry_run"),
        ({"dry_run": None}, "dry_run"),
        ({"dryrun": True}, "dryrun"),
    ],
)
def test_a_sweep_that_is_meant_to_be_dry_is_never_taken_for_a_real_one(gateway: Gateway, body: object, field: str):
    assert gateway("POST", "/api/weavers/cleanup", body, token="root").error == (400, "invalid_request", field)


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\x7f", "a\tb"])
def test_keys_that_cannot_be_kept(gateway: Gateway, key: str):
    answer = gateway(*POST, {}, idempotency_key=key)
    assert answer.error == (400, "invalid_request", "Idempotency-Key")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic alice", "alice", "Bearer é", "Bearer \ud800", "x" * 9000]
)
def test_credentials_that_are_none(gateway: Gateway, authorization: str):
    answer = gateway("GET", "/api/weavers", token=None, authorization=authorization)
    assert answer.error == (401, "unauthorized", None)
    assert answer.headers["www-authenticate"] == "Bearer"


TEXT = st.text(max_size=80) | st.text(st.characters(codec=None), max_size=10)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["image", "org_id", "repo", "branch", "env", "tags", "name", "lifetime_hours", "command", "args", "workdir"]
FIELDS += ["resources", "attach", "dry_run", "action", "role"]


def never_ours(answer: Answer) -> None:
    assert answer.status < 500, answer
    if answer.status >= 400:
        assert set(answer.body["error"]) == {"code", "message", "details"}


ANYTHING: Callable[..., Any] = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANYTHING
@given(operation=st.sampled_from(sorted(GOOD)), body=st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, max_size=3))
def test_no_body_is_too_much(gateway: Gateway, operation: tuple[str, str], body: dict[str, Any]):
    method, path = operation
    never_ours(gateway(method, path.replace("{weaver_id}", "x"), body, token="root"))


@ANYTHING
@given(
    operation=st.sampled_from(sorted(GOOD)),
    reference=TEXT.filter(bool),
    query=st.dictionaries(
        st.sampled_from(["cursor", "owner", "org", "tag", "limit"]) | TEXT, st.lists(TEXT, min_size=1, max_size=2)
    ),
    key=TEXT,
)
def test_no_text_is_too_odd(
    gateway: Gateway, operation: tuple[str, str], reference: str, query: dict[str, list[str]], key: str
):
    assert not is_full_id(reference)
    method, path = operation
    path = path.replace("{weaver_id}", "{id}")
    never_ours(
        gateway(method, path, {}, reference=reference, query=query, token="root", idempotency_key=key, loom_via=key)
    )
