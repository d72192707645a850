"""Errors of requests that read, and of what is no object: status, reason, message and details are the recorded ones."""

import io
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import WSMsgType

from local.kube.registry import Registry
from tests.local.kube.api.conftest import PODS, Api, serving
from tests.local.kube.api.standin import StandInContainer
from tests.local.kube.recordings import recorded
from tests.local.kube.truth import test_errors_changes, test_errors_creation, test_errors_rights
from tests.local.kube.truth.tried import RUNNING, STATES, UPGRADE, Tried, same

tried: Final = Tried()


@pytest.fixture
async def stored(api: Api) -> Api:
    """With every pod that the recorded requests are about."""
    for name, state in STATES.items():
        api.store(name, state)
    return api


async def ask(api: Api, recording: Any, **headers: str) -> tuple[int, Any]:
    request = recording["request"]
    data = b"" if request["method"] == "GET" else None
    return await api.call(request["method"], request["path"], data, **request.get("headers", {}), **headers)


@tried(
    """
    400-bad-field-selector 400-bad-label-selector 400-bad-limit 400-bad-resource-version 400-bad-timeout
    400-continue-with-resource-version 404-get-in-a-namespace-that-does-not-exist 404-namespace 404-pod 404-pod-delete
    404-pod-log 404-unknown-group 404-unknown-path 404-unknown-resource 404-unknown-subresource 404-unknown-version
    405-delete-version 405-post-on-object 405-patch-on-collection 405-put-on-collection
    422-list-exact-without-version 422-watch-send-initial-events-without-match 422-log-bad-stream
    422-log-limit-bytes-zero 422-log-negative-tail-lines 422-log-since-seconds-and-since-time
    422-log-since-seconds-zero 422-log-stream-with-tail-lines 400-log-bad-tail-lines 400-log-previous-without-previous
    400-log-unknown-container 500-watch-bad-resource-version
    400-log-container-creating 400-log-image-pull 400-log-pod-initializing 204-log-not-scheduled
    400-exec-without-upgrade 400-exec-post-without-upgrade
    """
)
async def test_a_request_without_a_body(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await ask(stored, recording))


@tried(
    """
    404-attach-pod 400-attach-no-streams 400-attach-not-scheduled 400-attach-unknown-container 500-attach-completed
    500-attach-container-creating
    400-port-forward-no-ports 400-port-forward-not-scheduled
    404-pod-exec 400-exec-no-streams 400-exec-not-scheduled 400-exec-unknown-container 500-exec-completed
    500-exec-container-creating 500-exec-image-pull 500-exec-in-finished-init-container 500-exec-pod-initializing
    """
)
async def test_a_stream_that_cannot_begin(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await ask(stored, recording, **UPGRADE))


@tried("101-exec-default-container-with-init-containers 101-exec-no-command 101-exec-tty-and-stderr")
async def test_an_exec_that_begins(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    stored.node.containers[RUNNING, "weaver"] = StandInContainer()
    path = recording["request"]["path"]
    async with stored.http.ws_connect(path, protocols=("v5.channel.k8s.io",), autoclose=False) as socket:
        assert socket.protocol == "v5.channel.k8s.io"
        kinds = [(await socket.receive()).type for _ in range(2)]
        assert WSMsgType.BINARY in kinds


@tried("200-log-completed 200-log-default-container-with-init-containers")
async def test_the_log_of_the_only_container_that_is_no_init_container(stored: Api, tmp_path: Path, name: str):
    recording = recorded(f"errors/{name}.json")
    log = tmp_path / "log"
    text = recording["body"]
    log.write_text(f"2026-11-22T11:32:13.000000000Z stdout F {text}" if text else "")
    pod = recording["request"]["path"].split("/")[6]
    stored.node.logs[pod, "weaver"] = log
    same(recording, *await ask(stored, recording))


@tried("200-list-in-a-namespace-that-does-not-exist 200-negative-limit 200-list-not-older-than-old-resource-version")
async def test_a_list_that_is_empty(name: str):
    recording = recorded(f"errors/{name}.json")
    async with serving(Registry(first_version=520)) as api:
        status, body = await ask(api, recording)
        recording["body"]["metadata"]["resourceVersion"] = str(api.registry.version)
        same(recording, status, body)


@tried("200-watch-resource-version-in-the-future 200-watch-compacted-resource-version")
async def test_a_watch_of_another_time(name: str):
    recording = recorded(f"errors/{name}.json")
    async with serving(Registry(first_version=521)) as api:
        path = recording["request"]["path"].replace("timeoutSeconds=5", "timeoutSeconds=1")
        async with api.http.get(path) as answer:
            lines = [await answer.json(content_type=None)] if (await answer.read()) else []
        assert answer.status == recording["http_status"]
        for event in (*lines, *recording["body"]):
            # The number in the message is the server's oldest.
            event["object"]["message"] = event["object"]["message"].partition("(")[0]
        assert lines == recording["body"]


@tried("200-watch-single-pod-by-get-with-watch")
async def test_a_watch_of_one_pod_is_a_get(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    status, body = await ask(stored, recording)
    assert (status, body["kind"]) == (recording["http_status"], recording["body"]["kind"])
    assert body["metadata"]["name"] == recording["body"]["metadata"]["name"]


@tried("200-get-old-resource-version 200-anonymous-version")
async def test_what_anybody_can_get(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    if name == "200-anonymous-version":
        del stored.http.headers["Authorization"]
    # A version before the first is not older than any: zero is what this server began with.
    status, body = await ask(stored, recording)
    assert (status, set(body)) == (recording["http_status"], set(recording["body"]))
    if "metadata" in body:
        assert set(body["metadata"]) == set(recording["body"]["metadata"])
        assert (body["spec"], body["status"]) == (recording["body"]["spec"], recording["body"]["status"])


@tried("410-list-expired-continue 410-list-expired-continue-ns 410-list-exact-old-resource-version")
async def test_a_list_of_a_time_that_is_forgotten(name: str):
    recording = recorded(f"errors/{name}.json")
    async with serving(Registry(first_version=1_000_000)) as api:
        status, body = await ask(api, recording)
    for metadata in (body["metadata"], recording["body"]["metadata"]):
        assert ("continue" in metadata) is ("continue" in name)
        metadata.pop("continue", None)
    same(recording, status, body)


@tried("504-get-resource-version-in-the-future 504-list-resource-version-in-the-future")
async def test_a_version_from_the_future(stored: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    status, body = await ask(stored, recording)
    for each in (body, recording["body"]):
        each["message"] = each["message"].rpartition(" ")[0]  # the server's own version
    same(recording, status, body)


@tried("400-bad-continue")
async def test_a_garbled_continue_token(stored: Api, name: str):
    """Deviates in the words after the colon."""
    recording = recorded(f"errors/{name}.json")
    status, body = await ask(stored, recording)
    for each in (body, recording["body"]):
        each["message"] = each["message"].partition("not valid: ")[0]
    same(recording, status, body)


@tried("406-accept-table-v9 406-accept-xml")
async def test_a_form_that_cannot_be_had(stored: Api, name: str):
    """Deviates in the list of what can, and in empty details."""
    recording = recorded(f"errors/{name}.json")
    status, body = await ask(stored, recording)
    assert (status, body["reason"]) == (recording["http_status"], recording["body"]["reason"])
    assert "application/json" in body["message"]


@tried("415-form 415-wrong-content-type")
async def test_a_body_of_another_kind(api: Api, name: str):
    """Deviates in the list of what is accepted."""
    recording = recorded(f"errors/{name}.json")
    body = recording["request"]["body_summary"].encode()
    status, answer = await api.call("POST", PODS, body, **recording["request"]["headers"])
    assert answer.pop("message") in recording["body"].pop("message")
    same(recording, status, answer)


@tried("413-body-too-large")
async def test_a_body_that_is_too_large(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    async with api.http.post(PODS, data=io.BytesIO(b" " * 4_000_000)) as answer:
        same(recording, answer.status, await answer.json())


SCENARIOS: Final = tried | test_errors_changes.tried | test_errors_creation.tried | test_errors_rights.tried
