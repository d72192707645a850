"""Whatever a client sends, the answer is one of Kubernetes' errors and never a failure of the server."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kube import channels
from local.kube.decoding import decode
from local.kube.defaults import with_defaults
from local.kube.lists import Selection, list_objects
from local.kube.options import CreateOptions, DeleteOptions, ListOptions, LogOptions
from local.kube.registry import Registry
from local.kube.schema import DELETE_OPTIONS, POD, ListOf, MapOf, Struct, Type
from local.kube.selectors import field_matcher, label_matcher
from local.kube.status import ApiError
from local.kube.validation import node_causes, pod_causes, require_admission
from tests.local.kube.api.conftest import PODS, Api, manifest

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
QUANTITIES = st.sampled_from(["1Gi", "-1", "100m", "0", "1e3", ".5", "5."])


@contextlib.contextmanager
def only(*codes: int) -> Iterator[None]:
    """Nothing else may be raised."""
    try:
        yield
    except ApiError as error:
        if error.code not in codes:
            raise


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of ``kind``, mostly of the right type."""
    match kind:
        case Struct(fields=fields):
            known = st.fixed_dictionaries({}, optional={name: values(field) for name, field in fields.items()})
            return known | ANYTHING
        case ListOf(item=item):
            return st.lists(values(item), max_size=2)
        case MapOf(value=value):
            return st.dictionaries(st.text(max_size=5), values(value), max_size=2)
        case "quantity":
            return QUANTITIES | ANYTHING
        case "bool":
            return st.booleans()
        case "int32" | "int64":
            return st.integers()
        case "string":
            return st.sampled_from(["Never", "weaver", "tmp", "", "/tmp", "A b"])
        case _:
            return ANYTHING


def admit(body: bytes) -> None:
    decoded = decode(POD, "application/json", body)
    decoded.object.setdefault("metadata", {})
    pod = with_defaults(decoded.object, "default")
    require_admission(pod, ())
    if not pod_causes(pod):
        list(node_causes(pod))


@given(values(POD))
def test_pods(pod: Any):
    with only(400, 403, 415):
        admit(json.dumps(pod).encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"spec": {"containers": [{"resources": {"limits": {"memory": "1e999999999"}}}]}}',
        '{"spec": {"containers": [{"resources": {"limits": {"memory": 1e400}}}]}}',
        '{"spec": {"containers": [{"resources": {"limits": {"memory": %s}}}]}}' % ("9" * 5000),
        '{"spec": {"terminationGracePeriodSeconds": %s}}' % ("9" * 30),
        '{"metadata": {"name": "\\ud800", "labels": {"\\udfff": "\\ud800"}}}',
        '{"a\\nb\\r\\"": 1}',
    ],
)
async def test_nasty_values(api: Api, text: str):
    status, body = await api.call("POST", PODS, text.encode(), **{"Content-Type": "application/json"})
    assert status in (400, 422), body
    text = text.replace('{"', '{"kind":"Namespace","', 1)
    status, body = await api.call("POST", "/api/v1/namespaces?dryRun=All", text.encode())
    assert status in (400, 422), body
    status, body = await api.call("DELETE", f"{PODS}/one", text.encode())
    assert status in (400, 404), body


async def test_a_warning_is_one_line_of_text(api: Api):
    path = f"{PODS}?dryRun=All"
    async with api.http.post(path, json={**manifest(), 'a\r\nSet-Cookie: "x"': 1}) as answer:
        assert answer.status == 201
        assert answer.headers.getall("Warning") == ['299 - "unknown field \\"a??Set-Cookie: ?x?\\""']


@pytest.mark.parametrize("grace", ["9" * 18, "-" + "9" * 18])
async def test_a_grace_period_beyond_all_time(api: Api, grace: str):
    api.store("one", "running-ready")
    assert (await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds={grace}"))[0] == 200
    api.store("two", "running-ready")
    assert (await api.call("DELETE", f"{PODS}/two", {"gracePeriodSeconds": int(grace)}))[0] == 200


@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_bodies(body: bytes):
    for kind in (POD, DELETE_OPTIONS):
        with only(400):
            decode(kind, "application/json", body)


def test_deep_nesting():
    with only(400):
        admit(b'{"a":' * 100_000)


@given(st.text(alphabet="ab=!,() inot/.-\0é", max_size=30))
def test_selectors(text: str):
    pod = {**manifest(), "status": {}}
    for matcher in (label_matcher, lambda selector: field_matcher("pods", selector)):
        with only(400):
            matcher(text)(pod)


@given(st.text(max_size=40) | st.sampled_from(["eyJ2IjoxfQ", "bnVsbA", "W10", "eyJydiI6MSwic3RhcnQiOiIvIn0"]))
def test_continue_tokens(token: str):
    options = ListOptions.of({"continue": token})
    registry = Registry()
    with only(400, 410, 504):
        list_objects(registry, Selection.of("pods", None, options), options)


@given(st.dictionaries(
    st.sampled_from(["limit", "timeoutSeconds", "watch", "resourceVersion", "resourceVersionMatch", "dryRun", "sinceTime",
                     "gracePeriodSeconds", "tailLines", "sinceSeconds", "fieldValidation", "sendInitialEvents"]),
    st.text(max_size=12) | st.sampled_from(["0", "-1", "true", "All", "Exact", "9" * 30, "2026-01-01T00:00:00Z"]),
))  # fmt: skip
def test_queries(query: dict[str, str]):
    for parse in (
        ListOptions.of,
        CreateOptions.of,
        lambda words: DeleteOptions.of(words, None),
        lambda words: LogOptions.of(words, "one"),
    ):
        with only(400, 422):
            parse(query)


@given(st.binary(max_size=40) | st.builds(lambda text: b"\4" + text.encode(), st.text(max_size=40)), st.booleans())
def test_frames(frame: bytes, v5: bool):
    channels.parse(channels.V5 if v5 else channels.V4, frame)


@given(values(DELETE_OPTIONS))
def test_delete_options(value: Any):
    with only(400, 422):
        DeleteOptions.of({}, decode(DELETE_OPTIONS, "application/json", json.dumps(value).encode()))
