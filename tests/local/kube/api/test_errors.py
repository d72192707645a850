"""What this server refuses, and says so by name; what it shares with Kubernetes is in ``tests/local/kube/truth``."""

from collections.abc import Callable
from typing import Any

import pytest

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest

RUNNING = "weaver-01a20307-217a-77c0-9db0-8c2236cf305a"

Change = Callable[[Object], Any]


def container(**fields: Any) -> Change:
    return lambda pod: pod["spec"]["containers"][0].update(fields)


def mount(**fields: Any) -> Change:
    return lambda pod: pod["spec"]["containers"][0]["volumeMounts"].append(fields)


def spec(**fields: Any) -> Change:
    return lambda pod: pod["spec"].update(fields)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("spec.hostNetwork", spec(hostNetwork=True)),
        (
            "spec.volumes[3].hostPath",
            lambda pod: pod["spec"]["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
        ),
        ("spec.containers[0].livenessProbe", container(livenessProbe={"exec": {}})),
        ("spec.containers[0].volumeMounts[3].subPath", mount(name="tmp", mountPath="/x", subPath="x")),
        ("metadata.finalizers", lambda pod: pod["metadata"].update(finalizers=["a/b"])),
    ],
)
async def test_what_the_node_cannot_do_is_refused_by_name(api: Api, field: str, change: Change):
    pod = manifest()
    change(pod)
    status, body = await api.call("POST", PODS, pod)
    assert (status, body["reason"]) == (422, "Invalid")
    assert [cause["field"] for cause in body["details"]["causes"]] == [field]
    assert "laptop edition" in body["message"]


async def test_pods_that_restart_are_refused(api: Api):
    status, body = await api.call("POST", PODS, manifest(restartPolicy="Always"))
    assert status == 422
    assert 'use "Never"' in body["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/api/v1/namespaces/{NAMESPACE}/events"),
    ],
)
async def test_verbs_of_kubernetes_that_are_not_there(api: Api, method: str, path: str):
    status, body = await api.call(method, path)
    assert (status, body["kind"], body["code"]) == (501, "Status", 501)
    assert "does not support" in body["message"]


async def test_a_media_type_that_is_not_json(api: Api):
    status, body = await api.call("POST", PODS, b"a=b", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert (status, body["reason"]) == (415, "UnsupportedMediaType")
    status, body = await api.call("GET", PODS, Accept="application/xml")
    assert (status, body["reason"]) == (406, "NotAcceptable")
    status, _ = await api.call("GET", PODS, Accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    assert status == 200


async def test_without_a_token_only_health_and_version_answer(api: Api):
    del api.http.headers["Authorization"]
    assert (await api.call("GET", "/healthz")) == (200, "ok")
    assert (await api.call("GET", "/version"))[0] == 200
    for path in (PODS, "/api", "/api/v1/namespaces", "/nowhere"):
        assert (await api.call("GET", path))[0] == 403
