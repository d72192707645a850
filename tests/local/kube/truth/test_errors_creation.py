"""Errors of creating pods and namespaces, and neighbours that succeed."""

import copy
import json
from collections.abc import Callable
from typing import Any, Final

import pytest
import yaml

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.test_errors_changes import ending_namespace
from tests.local.kube.truth.tried import Tried, same, same_pod

tried: Final = Tried()

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


CANNOT_BE_CREATED: Final = [
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
]
tried.update(name for name, _ in CANNOT_BE_CREATED)


@pytest.mark.parametrize(("name", "change"), CANNOT_BE_CREATED)
async def test_a_pod_that_cannot_be_created(api: Api, name: str, change: Change):
    recording = recorded(f"errors/{name}.json")
    details = recording["body"].get("details", {})
    pod = manifest(details.get("name", "" if name == "422-no-name" else "weaver-1"))
    change(pod)
    same(recording, *await api.call("POST", recording["request"]["path"], pod))


NO_PODS: Final = [
    ("400-empty-body", b""),
    ("400-json-array", b"[]"),
    ("400-malformed-json", b'{"apiVersion":"v1","kind":"Pod",'),
    ("400-not-json", b"hello"),
    ("400-unknown-api-version", b'{"apiVersion":"v9","kind":"Pod","metadata":{"name":"x"}}'),
    ("400-unknown-kind", b'{"apiVersion":"v1","kind":"Weaver","metadata":{"name":"x"}}'),
    ("422-no-kind", b'{"metadata":{"name":"x"}}'),
    ("413-body-too-large", b" " * 4_000_000),
]
tried.update(name for name, _ in NO_PODS)


@pytest.mark.parametrize(("name", "body"), NO_PODS)
async def test_a_body_that_is_no_pod(api: Api, name: str, body: bytes):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await api.call("POST", PODS, body, **{"Content-Type": "application/json"}))


@tried("400-other-kind")
async def test_an_object_of_another_kind(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await api.call("POST", PODS, recording["request"]["body_summary"]))


@tried("400-strict-unknown-field 201-default-validation-unknown-field 201-warn-unknown-field 201-ignore-unknown-field")
async def test_fields_that_do_not_exist(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    pod = manifest(recording["body"].get("metadata", {}).get("name", "weaver-1"))
    pod["spec"]["containers"][0]["volums"] = []
    pod["spec"]["colour"] = "red"
    async with api.http.post(recording["request"]["path"], json=pod) as answer:
        body = await answer.json()
        assert answer.headers.getall("Warning", []) == _warnings(recording)
    if answer.status == 201:
        same_pod(recording, answer.status, body)
    else:
        same(recording, answer.status, body)


def _warnings(recording: Any) -> list[str]:
    told = recording["headers"].get("warning", [])
    return [told] if isinstance(told, str) else told


@tried("400-strict-duplicate-field")
async def test_a_field_that_is_there_twice(api: Api, name: str):
    """Deviates: the last one counts."""
    recording = recorded(f"errors/{name}.json")
    text = json.dumps(manifest()).replace('"restartPolicy"', '"restartPolicy": "Always", "restartPolicy"')
    headers = recording["request"]["headers"]
    status, body = await api.call("POST", recording["request"]["path"], text.encode(), **headers)
    assert (status, body["spec"]["restartPolicy"]) == (201, "Never")


@tried(
    """
    201-create-with-generate-name-dry-run 201-dry-run 201-negative-grace 201-no-content-type
    201-service-account-default-not-made-yet 201-yaml-body
    """
)
async def test_a_pod_that_is_created(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    path = recording["request"]["path"]
    pod = manifest(recording["body"]["metadata"]["name"])
    if "generate-name" in name:
        pod["metadata"] = {**pod["metadata"], "name": "", "generateName": "weaver-"}
    if "negative" in name:
        pod["spec"]["terminationGracePeriodSeconds"] = -1
    if "loom-ending" in path:
        await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "loom-ending"}})
    headers = recording["request"].get("headers", {"Content-Type": "application/json"})
    text = yaml.safe_dump(pod) if "yaml" in name else json.dumps(pod)
    status, body = await api.call("POST", path, text.encode(), **headers)
    same_pod(recording, status, body)
    grace = recording["body"]["spec"]["terminationGracePeriodSeconds"]
    assert body["spec"]["terminationGracePeriodSeconds"] == grace
    generated = recording["body"]["metadata"].get("generateName", body["metadata"]["name"])
    assert body["metadata"]["name"].startswith(generated)


@tried("409-already-exists 409-already-exists-while-terminating 409-namespace-already-exists")
async def test_names_that_exist_already(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    if name.startswith("409-namespace"):
        same(recording, *await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}))
        return
    pod = recording["body"]["details"]["name"]
    api.store(pod, "running-ready")
    if name.endswith("terminating"):
        await api.call("DELETE", f"{PODS}/{pod}")
    same(recording, *await api.call("POST", PODS, manifest(pod)))


@tried("403-create-in-terminating-namespace")
async def test_creating_where_everything_ends(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    await ending_namespace(api)
    await api.call("DELETE", "/api/v1/namespaces/loom-ending")
    pod = manifest(recording["body"]["details"]["name"])
    same(recording, *await api.call("POST", recording["request"]["path"], pod))


@tried("403-pod-security-restricted 403-pod-security-restricted-init-container 403-pod-security-restricted-privileged")
async def test_pods_that_the_namespace_does_not_allow(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.registry.update("namespaces", "", NAMESPACE, lambda found: found["metadata"].update(labels=enforce))
    pod = manifest(recording["body"]["details"]["name"])
    assert (await api.call("POST", f"{PODS}?dryRun=All", manifest()))[0] == 201
    spec = pod["spec"]
    if name.endswith("privileged"):
        spec["containers"][0]["securityContext"] = {"privileged": True}
        spec["hostNetwork"] = True
        spec["volumes"].append({"name": "h", "hostPath": {"path": "/"}})
    elif name.endswith("init-container"):
        bare = {key: spec["containers"][0][key] for key in ("image", "command")}
        spec["initContainers"] = [{"name": "clone", **bare}]
    else:
        del spec["securityContext"], spec["containers"][0]["securityContext"]
    same(recording, *await api.call("POST", PODS, pod))


@tried("422-many-causes")
async def test_all_causes_at_once(api: Api, name: str):
    """Deviates: what is wrong with a port is not told, because no port is taken."""
    recording = recorded(f"errors/{name}.json")
    pod = copy.deepcopy(manifest("Bad Name"))
    pod["metadata"]["labels"]["x"] = "a b"
    spec = pod["spec"]
    spec |= {"restartPolicy": "X"}
    spec["volumes"].append({"name": "workspace", "emptyDir": {}})
    spec["containers"][0] |= {"name": "Up Per", "imagePullPolicy": "Y", "ports": [{"containerPort": 99999}]}
    del spec["containers"][0]["image"]
    status, body = await api.call("POST", PODS, pod)
    causes = recording["body"]["details"]["causes"]
    assert status == recording["http_status"]
    assert body["details"]["causes"] == [cause for cause in causes if "ports" not in cause["field"]]
