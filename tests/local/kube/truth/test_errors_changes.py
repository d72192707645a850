"""Errors of requests that change or delete what exists, and neighbours that succeed."""

import copy
from typing import Any, Final

from local.kube.objects import Object, parse_time
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.tried import RUNNING, Tried, same

tried: Final = Tried()

OTHER: Final = "weaver-01a20307-3cfc-7b1e-a19a-2a2b74e909a9"


async def patch(api: Api, recording: Any, body: str | None = None) -> tuple[int, Any]:
    request = recording["request"]
    sent = (request["body_summary"] if body is None else body).encode()
    return await api.call("PATCH", request["path"], sent, **request["headers"])


@tried(
    """
    400-json-patch-not-an-array 400-merge-patch-malformed 400-merge-patch-name 400-merge-patch-not-an-object
    400-strategic-merge-malformed 415-patch-with-application-json 404-pod-patch 422-json-patch-missing-path
    422-json-patch-test-fails 422-json-patch-unknown-op 500-strategic-merge-bad-directive
    """
)
async def test_a_patch_that_cannot_be_applied(api: Api, name: str):
    api.store(RUNNING, "init-succeeded")
    recording = recorded(f"errors/{name}.json")
    same(recording, *await patch(api, recording))


@tried("200-merge-patch-empty 200-merge-patch-status-on-main-resource-ignored")
async def test_a_patch_that_changes_nothing(api: Api, name: str):
    stored = api.store(RUNNING, "init-succeeded")
    recording = recorded(f"errors/{name}.json")
    status, body = await patch(api, recording)
    assert (status, body) == (recording["http_status"], {"kind": "Pod", "apiVersion": "v1", **stored})


@tried("409-conflict-merge-patch-stale-resource-version")
async def test_a_patch_of_an_older_version(api: Api, name: str):
    stale = api.store(OTHER, "running-ready")["metadata"]["resourceVersion"]
    api.registry.update("pods", NAMESPACE, OTHER, lambda pod: pod["metadata"]["labels"].update(x="1"))
    recording = recorded(f"errors/{name}.json")
    same(recording, *await patch(api, recording, recording["request"]["body_summary"].replace("1214", stale)))


@tried("422-patch-lengthens-active-deadline")
async def test_a_deadline_that_is_put_off(api: Api, name: str):
    api.store(RUNNING, "init-succeeded")
    api.registry.update("pods", NAMESPACE, RUNNING, lambda pod: pod["spec"].update(activeDeadlineSeconds=100))
    recording = recorded(f"errors/{name}.json")
    same(recording, *await patch(api, recording, '{"spec":{"activeDeadlineSeconds":200}}'))


async def put(api: Api, scenario: str, **metadata: str) -> tuple[Any, Object]:
    """The recording, and the pod that is stored, with ``metadata``, to change and to send."""
    recording = recorded(f"errors/{scenario}.json")
    pod = recording["request"]["path"].rpartition("/")[2]
    stored = copy.deepcopy(api.store(pod, "running-ready"))
    stored["metadata"] |= metadata
    return recording, stored


@tried("404-pod-put")
async def test_putting_what_is_not_there(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await api.call("PUT", recording["request"]["path"], manifest("weaver-absent")))


@tried("400-name-mismatch-on-put")
async def test_putting_under_another_name(api: Api, name: str):
    recording, sent = await put(api, name, name="weaver-01a20307-4173-7b24-8023-db04b7fc9b90")
    same(recording, *await api.call("PUT", recording["request"]["path"], sent))


@tried("409-conflict-put-stale-resource-version")
async def test_putting_over_a_newer_version(api: Api, name: str):
    recording, sent = await put(api, name)
    api.registry.update("pods", NAMESPACE, OTHER, lambda pod: pod["metadata"]["labels"].update(x="1"))
    same(recording, *await api.call("PUT", recording["request"]["path"], sent))


@tried("409-conflict-put-other-uid")
async def test_putting_over_another_object(api: Api, name: str):
    recording, sent = await put(api, name, uid="00000000-0000-4000-8000-000000000000", resourceVersion="")
    theirs = recording["body"]["message"].rpartition(" ")[2]
    recording["body"]["message"] = recording["body"]["message"].replace(
        theirs, api.registry.get("pods", NAMESPACE, OTHER)["metadata"]["uid"]
    )
    same(recording, *await api.call("PUT", recording["request"]["path"], sent))


@tried("422-put-changes-immutable-field")
async def test_putting_another_command(api: Api, name: str):
    """Deviates: without the difference, in Go's notation."""
    recording, sent = await put(api, name)
    sent["spec"]["containers"][0]["command"] = ["zsh"]
    status, body = await api.call("PUT", recording["request"]["path"], sent)
    for each in (recording["body"], body):
        for said in (each, each["details"]["causes"][0]):
            said["message"] = said["message"].partition("\n")[0]
    same(recording, status, body)


async def test_putting_labels_changes_them_and_nothing_else(api: Api):
    stored = copy.deepcopy(api.store(OTHER, "running-ready"))
    sent = copy.deepcopy(stored)
    sent["metadata"]["labels"] = {"x": "2"}
    status, body = await api.call("PUT", f"{PODS}/{OTHER}", sent)
    assert (status, body["metadata"].pop("labels")) == (200, {"x": "2"})
    assert int(body["metadata"].pop("resourceVersion")) > int(stored["metadata"]["resourceVersion"])
    assert body["spec"] == stored["spec"]
    assert body["status"] == stored["status"]


@tried("200-delete-with-grace 200-second-delete-with-longer-grace-changes-nothing 200-delete-with-grace-0")
async def test_deleting_with_a_grace_period(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    api.store(OTHER, "running-ready")
    if "second" in name:
        await api.call("DELETE", f"{PODS}/{OTHER}?gracePeriodSeconds=20")
    status, body = await api.call("DELETE", recording["request"]["path"])
    expected = recording["body"]["metadata"]
    assert status == recording["http_status"]
    for field in ("deletionGracePeriodSeconds", "generation"):
        assert body["metadata"][field] == expected[field]
    assert parse_time(body["metadata"]["deletionTimestamp"]) > parse_time(expected["deletionTimestamp"])
    assert ((await api.call("GET", f"{PODS}/{OTHER}"))[0] == 404) is ("grace-0" in name)


@tried("409-delete-precondition-resource-version 409-delete-precondition-uid")
async def test_deleting_what_is_not_meant(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    stored = api.store(OTHER, "running-ready")["metadata"]
    options = recording["request"]["body_summary"]
    meant = options["preconditions"]
    message: str = recording["body"]["message"]
    if name.endswith("resource-version"):
        if "uid" in meant:
            meant["uid"] = stored["uid"]
        recorded_version = message.rpartition(" in record (")[2].partition(")")[0]
        message = message.replace(recorded_version, stored["resourceVersion"])
    else:
        recorded_uid = message.rpartition(" in record (")[2].partition(")")[0]
        message = message.replace(recorded_uid, stored["uid"])
    recording["body"]["message"] = message
    same(recording, *await api.call("DELETE", recording["request"]["path"], options))


async def ending_namespace(api: Api) -> None:
    """``loom-ending``, with a pod that keeps it from being gone at once when it is deleted."""
    await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "loom-ending"}})
    await api.call("POST", "/api/v1/namespaces/loom-ending/pods", manifest())
    api.registry.update("pods", "loom-ending", "weaver-1", lambda pod: pod["spec"].update(nodeName="node1"))


@tried("200-namespace-delete-answer 200-namespace-delete-again 200-get-terminating-namespace")
async def test_a_namespace_that_ends(api: Api, name: str):
    """The last deviates: no conditions."""
    recording = recorded(f"errors/{name}.json")
    await ending_namespace(api)
    if name != "200-namespace-delete-answer":
        await api.call("DELETE", "/api/v1/namespaces/loom-ending")
    status, body = await api.call(recording["request"]["method"], recording["request"]["path"])
    expected = recording["body"]
    expected["status"].pop("conditions", None)
    assert (status, body["spec"], body["status"]) == (recording["http_status"], expected["spec"], expected["status"])
    assert set(body["metadata"]) == set(expected["metadata"])
