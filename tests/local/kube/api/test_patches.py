"""Patches: the examples of the RFCs, and nothing but a refusal for whatever else is sent."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kube import protobuf
from local.kube.patches import JSON, MERGE, STRATEGIC, merged, patched
from local.kube.pod_security import violations
from local.kube.status import ApiError
from tests.local.kube.api.conftest import manifest
from tests.local.kube.api.test_parsers import ANYTHING

OBJECT = {"metadata": {"name": "a", "labels": {"x": "1"}}, "list": [1, 2], "a/b": {"~": 0}}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merging_as_rfc_7386_says(target: Any, patch: Any, result: Any):
    assert merged(target, patch) == result


@pytest.mark.parametrize(
    ("operations", "changed"),
    [
        ([{"op": "add", "path": "/metadata/labels/y", "value": "2"}], {"metadata": {"name": "a", "labels": {"x": "1", "y": "2"}}}),
        ([{"op": "remove", "path": "/metadata/labels/x"}], {"metadata": {"name": "a", "labels": {}}}),
        ([{"op": "replace", "path": "/list/0", "value": 9}], {"list": [9, 2]}),
        ([{"op": "add", "path": "/list/1", "value": 9}], {"list": [1, 9, 2]}),
        ([{"op": "add", "path": "/list/-", "value": 9}], {"list": [1, 2, 9]}),
        ([{"op": "move", "from": "/list/0", "path": "/list/1"}], {"list": [2, 1]}),
        ([{"op": "copy", "from": "/list", "path": "/more"}], {"more": [1, 2]}),
        ([{"op": "replace", "path": "/a~1b/~0", "value": 1}], {"a/b": {"~": 1}}),
        ([{"op": "test", "path": "/list", "value": [1, 2]}], {}),
    ],
)  # fmt: skip
def test_operations_of_rfc_6902(operations: list[Any], changed: dict[str, Any]):
    assert patched(JSON, json.dumps(operations).encode(), OBJECT) == {**OBJECT, **changed}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/list/2"},
        {"op": "add", "path": "/list/4", "value": 1},
        {"op": "add", "path": "/nowhere/x", "value": 1},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "add", "path": "/x"},
        {"op": "add", "path": "x", "value": 1},
        {"op": "test", "path": "/list/0", "value": True},
        {"path": "/x"},
        "add",
    ],
)
def test_operations_that_do_not_fit(operation: Any):
    with pytest.raises(ApiError) as refused:
        patched(JSON, json.dumps([operation]).encode(), OBJECT)
    assert refused.value.code == 422


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"containers": []}},
        {"spec": {"containers": [{"name": "a"}]}},
        {"metadata": {"finalizers": ["a/b"]}},
        {"metadata": {"$retainKeys": ["name"]}},
        {"$patch": "replace"},
    ],
)
def test_strategic_merges_that_are_not_plain_are_refused(patch: Any):
    with pytest.raises(ApiError) as refused:
        patched(STRATEGIC, json.dumps(patch).encode(), OBJECT)
    assert refused.value.code == 501


@given(
    st.sampled_from([JSON, MERGE, STRATEGIC]),
    ANYTHING | st.lists(st.fixed_dictionaries({"op": st.text(), "path": st.text()})),
)
def test_whatever_is_sent_is_answered(content_type: str, body: Any):
    with contextlib.suppress(ApiError):
        assert isinstance(patched(content_type, json.dumps(body).encode(), OBJECT), dict)
    assert OBJECT["list"] == [1, 2]


@given(st.binary(max_size=64), st.sampled_from(["TokenRequest", "SelfSubjectAccessReview", "Pod"]))
def test_protobuf_of_whatever_bytes(body: bytes, kind: str):
    with contextlib.suppress(ValueError):
        assert isinstance(protobuf.decode(b"k8s\0" + body, kind), dict)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_pod_security_of_whatever_is_sent(context: Any, volumes: Any, ports: Any):
    pod = manifest()
    pod["spec"] |= {"securityContext": context, "volumes": volumes, "hostNetwork": ports}
    pod["spec"]["containers"][0] |= {"securityContext": context, "ports": ports}
    for level in ("baseline", "restricted", "privileged", "none-such"):
        assert all(isinstance(found, str) for found in violations(level, pod))


@pytest.mark.parametrize(
    ("change", "level", "told"),
    [
        ({"hostPID": True}, "baseline", "host namespaces (hostPID=true)"),
        (
            {"volumes": [{"name": "h", "hostPath": {"path": "/"}}]},
            "baseline",
            'hostPath volumes (volume "h")',
        ),
        (
            {"securityContext": {"runAsNonRoot": True, "runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}},
            "restricted",
            "runAsUser=0 (pod must not set securityContext.runAsUser=0)",
        ),
        (
            {"securityContext": {"runAsNonRoot": False, "seccompProfile": {"type": "RuntimeDefault"}}},
            "restricted",
            'runAsNonRoot != true (container "weaver" must set securityContext.runAsNonRoot=true)',
        ),
    ],
)
def test_what_a_level_does_not_allow(change: Any, level: str, told: str):
    pod = manifest(**change)
    pod["spec"]["containers"][0]["securityContext"].pop("runAsNonRoot", None)
    assert violations(level, pod) == [told]
    assert violations("privileged", pod) == []
