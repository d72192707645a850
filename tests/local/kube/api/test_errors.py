"""Every error this server shares with Kubernetes is the recorded one: status, reason, message, details."""

from collections.abc import Callable
from typing import Any

import pytest

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest
from tests.local.kube.recordings import recorded

RUNNING = "weaver-01a20307-217a-77c0-9db0-8c2236cf305a"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
}


def same(recording: Object, status: int, body: Any) -> None:
    assert body == recording["body"]
    assert status == recording["http_status"]


@pytest.mark.parametrize(
    "name",
    [
        "400-bad-field-selector",
        "400-bad-label-selector",
        "400-bad-limit",
        "400-bad-resource-version",
        "400-bad-timeout",
        "400-continue-with-resource-version",
        "404-get-in-a-namespace-that-does-not-exist",
        "404-namespace",
        "404-pod",
        "404-pod-delete",
        "404-pod-log",
        "404-unknown-group",
        "404-unknown-path",
        "404-unknown-resource",
        "404-unknown-subresource",
        "404-unknown-version",
        "405-delete-version",
        "405-post-on-object",
        "422-list-exact-without-version",
        "422-watch-send-initial-events-without-match",
        "422-log-bad-stream",
        "422-log-limit-bytes-zero",
        "422-log-negative-tail-lines",
        "422-log-since-seconds-and-since-time",
        "422-log-since-seconds-zero",
        "400-log-bad-tail-lines",
        "400-log-previous-without-previous",
        "400-log-unknown-container",
        "500-watch-bad-resource-version",
    ],
)
async def test_a_request_without_a_body(api: Api, name: str):
    api.store(RUNNING, "init-succeeded")
    recording = recorded(f"errors/{name}.json")
    request = recording["request"]
    same(recording, *await api.call(request["method"], request["path"]))


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("400-log-container-creating", "scheduled-container-creating"),
        ("400-log-image-pull", "image-pull-back-off"),
        ("400-log-pod-initializing", "init-running"),
        ("204-log-not-scheduled", "pending-just-created"),
    ],
)
async def test_the_log_of_a_pod_that_has_none(api: Api, name: str, scenario: str):
    recording = recorded(f"errors/{name}.json")
    path = recording["request"]["path"]
    api.store(path.split("/")[6], scenario)
    same(recording, *await api.call("GET", path))


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("404-attach-pod", "running-ready"),
        ("400-attach-no-streams", "init-succeeded"),
        ("400-attach-not-scheduled", "pending-just-created"),
        ("400-attach-unknown-container", "init-succeeded"),
        ("500-attach-completed", "succeeded-exit-0"),
        ("500-attach-container-creating", "scheduled-container-creating"),
    ],
)
async def test_attach_to_what_cannot_be_attached_to(api: Api, name: str, scenario: str):
    recording = recorded(f"errors/{name}.json")
    path = recording["request"]["path"]
    if (pod := path.split("/")[6]) != "weaver-absent":
        api.store(pod, scenario)
    same(recording, *await api.call("GET", path, **UPGRADE))


async def test_attach_without_an_upgrade(api: Api):
    api.store(RUNNING, "init-succeeded")
    recording = recorded("errors/400-exec-post-without-upgrade.json")
    same(recording, *await api.call("POST", f"{PODS}/{RUNNING}/attach?stdout=true"))


Change = Callable[[Object], Any]


def container(**fields: Any) -> Change:
    return lambda pod: pod["spec"]["containers"][0].update(fields)


def resources(**fields: Any) -> Change:
    return lambda pod: pod["spec"]["containers"][0]["resources"].update(fields)


def mount(**fields: Any) -> Change:
    return lambda pod: pod["spec"]["containers"][0]["volumeMounts"].append(fields)


def metadata(field: str, **values: Any) -> Change:
    return lambda pod: pod["metadata"][field].update(values)


def spec(**fields: Any) -> Change:
    return lambda pod: pod["spec"].update(fields)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("400-bad-quantity", resources(limits={"memory": "16Gigs"})),
        ("400-label-value-number", metadata("labels", x=1)),
        ("400-wrong-type", container(tty="yes")),
        ("400-namespace-mismatch", lambda pod: pod["metadata"].update(namespace="loom-scratch")),
        ("403-service-account-missing", spec(serviceAccountName="absent")),
        ("403-priority-class-missing", spec(priorityClassName="absent")),
        ("404-namespace-on-create", lambda _: None),
        ("422-active-deadline-zero", spec(activeDeadlineSeconds=0)),
        ("422-annotations-too-long", metadata("annotations", x="a" * 270_000)),
        ("422-bad-dry-run-value", lambda _: None),
        ("422-bad-env-name", container(env=[{"name": "A=B"}, {"name": ""}])),
        ("422-bad-field-validation-value", lambda _: None),
        ("422-bad-pull-policy", container(imagePullPolicy="Maybe")),
        ("422-bad-restart-policy", spec(restartPolicy="Sometimes")),
        ("422-duplicate-container-name", lambda pod: pod["spec"]["containers"].append(pod["spec"]["containers"][0])),
        ("422-duplicate-mount-path", mount(name="tmp", mountPath="/workspace")),
        ("422-image-with-space", container(image=" x ")),
        ("422-invalid-annotation-key", metadata("annotations", **{"bad key/": ""})),
        ("422-invalid-label-key", metadata("labels", **{"bad key": "x"})),
        ("422-invalid-label-value", metadata("labels", **{"loom.dev/owner-user-id": "a b!"})),
        ("422-invalid-name", lambda _: None),
        ("422-label-value-too-long", metadata("labels", x="a" * 64)),
        ("422-mount-of-unknown-volume", mount(name="nope", mountPath="/nope")),
        ("422-name-too-long", lambda _: None),
        (
            "422-negative-memory",
            lambda pod: pod["spec"]["containers"][0].update(resources={"limits": {"memory": "-1"}}),
        ),
        ("422-no-containers", spec(containers=[])),
        ("422-no-image", lambda pod: pod["spec"]["containers"][0].pop("image")),
        ("422-no-name", lambda _: None),
        ("422-requests-above-limits", resources(requests={"memory": "1Gi"}, limits={"memory": "256Mi"})),
        ("500-create-with-resource-version", lambda pod: pod["metadata"].update(resourceVersion="1")),
    ],
)
async def test_a_pod_that_cannot_be_created(api: Api, name: str, change: Change):
    recording = recorded(f"errors/{name}.json")
    details = recording["body"].get("details", {})
    pod = manifest(details.get("name", "" if name == "422-no-name" else "weaver-1"))
    change(pod)
    same(recording, *await api.call("POST", recording["request"]["path"], pod))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("400-empty-body", b""),
        ("400-json-array", b"[]"),
        ("400-malformed-json", b'{"apiVersion":"v1","kind":"Pod",'),
        ("400-not-json", b"hello"),
        ("400-unknown-api-version", b'{"apiVersion":"v9","kind":"Pod","metadata":{"name":"x"}}'),
        ("400-unknown-kind", b'{"apiVersion":"v1","kind":"Weaver","metadata":{"name":"x"}}'),
        ("422-no-kind", b'{"metadata":{"name":"x"}}'),
        ("413-body-too-large", b" " * 4_000_000),
    ],
)
async def test_a_body_that_is_no_pod(api: Api, name: str, body: bytes):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await api.call("POST", PODS, body, **{"Content-Type": "application/json"}))


async def test_strict_and_warning_field_validation(api: Api):
    pod = manifest(colour="red")
    pod["spec"]["containers"][0]["volums"] = []
    strict = recorded("errors/400-strict-unknown-field.json")
    status, body = await api.call("POST", f"{PODS}?fieldValidation=Strict&dryRun=All", pod)
    assert status == 400
    assert set(body["message"].split(", ")[0].split(": ")) <= set(strict["body"]["message"].split(", ")[0].split(": "))
    warned = recorded("errors/201-default-validation-unknown-field.json")
    async with api.http.post(f"{PODS}?dryRun=All", json=pod) as answer:
        assert answer.status == 201
        assert answer.headers.getall("Warning") == warned["headers"]["warning"]
    async with api.http.post(f"{PODS}?dryRun=All&fieldValidation=Ignore", json=pod) as answer:
        assert "Warning" not in answer.headers


async def test_names_that_exist_already(api: Api):
    api.store(RUNNING, "running-ready")
    same(recorded("errors/409-already-exists.json"), *await api.call("POST", PODS, manifest(RUNNING)))
    ending = recorded("errors/409-already-exists-while-terminating.json")
    name = ending["body"]["details"]["name"]
    api.store(name, "running-ready")
    await api.call("DELETE", f"{PODS}/{name}")
    same(ending, *await api.call("POST", PODS, manifest(name)))
    again = recorded("errors/409-namespace-already-exists.json")
    same(again, *await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}))


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("spec.hostNetwork", spec(hostNetwork=True)),
        (
            "spec.volumes[3].hostPath",
            lambda pod: pod["spec"]["volumes"].append({"name": "h", "hostPath": {"path": "/"}}),
        ),
        ("spec.containers[0].env[0].valueFrom", container(env=[{"name": "A", "valueFrom": {"fieldRef": {}}}])),
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
        ("POST", f"{PODS}/{RUNNING}/portforward"),
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


@pytest.mark.parametrize("path", [PODS, "/version", "/nowhere"])
async def test_a_wrong_token(api: Api, path: str):
    recording = recorded("errors/401-bad-token.json")
    same(recording, *await api.call("GET", path, Authorization="Bearer wrong"))


async def test_without_a_token_only_health_and_version_answer(api: Api):
    del api.http.headers["Authorization"]
    assert (await api.call("GET", "/healthz")) == (200, "ok")
    assert (await api.call("GET", "/version"))[0] == 200
    same(recorded("errors/403-anonymous-no-credentials.json"), *await api.call("GET", PODS))
    for path in ("/api", "/api/v1/namespaces", "/nowhere"):
        assert (await api.call("GET", path))[0] == 403
