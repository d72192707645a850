"""Lists of the recorded pods and events: the same items, in the same form, with the same metadata."""

import base64
import copy
import json
import re
from collections.abc import Sequence
from typing import Any, Final

import pytest

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.tried import Tried

tried: Final = Tried()

#: What the server gives each object anew.
OWN: Final = ("uid", "resourceVersion", "creationTimestamp")
EVENTS: Final = f"/api/v1/namespaces/{NAMESPACE}/events"


def store(api: Api, resource: str, items: Sequence[Object]) -> None:
    for item in copy.deepcopy(list(items)):
        item["metadata"] = {key: value for key, value in item["metadata"].items() if key not in OWN}
        api.registry.create(resource, item)


@pytest.fixture
async def stored(api: Api) -> Api:
    """With the five pods that were there."""
    store(api, "pods", recorded("lists/resource-version-0.json")["body"]["items"])
    return api


def comparable(value: Any) -> Any:
    """Without what the server gives anew, ages and tokens: there they are, and no more is compared."""
    if isinstance(value, dict):
        told = {"continue": "…", **dict.fromkeys(OWN, "…")}
        return {key: told.get(key, comparable(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return re.sub(r"^\d+(s|m|h|d|m\d+s|h\d+m|d\d+h)$", "AGE", value) if isinstance(value, str) else value


async def get(api: Api, recording: Any, path: str = "") -> Any:
    request = recording["request"]
    headers = {"Accept": request["accept"]} if request["accept"] else {}
    method = request["method"]
    async with api.http.request(method, path or request["path"], headers=headers) as answer:
        assert answer.status == recording["http_status"]
        assert answer.headers["Content-Type"] == recording["headers"]["content-type"]
        return await answer.json()


@tried(
    """
    empty field-selector-phase-failed label-selector-set limit-2-page-1
    limit-2-without-selector-page-1-has-remaining-item-count partial-object-metadata-list partial-object-metadata-one
    resource-version-0 resource-version-0-with-limit-1 table table-include-object-none table-one-pod
    """
)
async def test_the_same_list(stored: Api, name: str):
    recording = recorded(f"lists/{name}.json")
    assert comparable(await get(stored, recording)) == comparable(recording["body"])


@tried("limit-2-page-2 limit-2-page-3")
async def test_the_pages_after_the_first(stored: Api, name: str):
    recording = recorded(f"lists/{name}.json")
    _, page = await stored.call("GET", recorded("lists/limit-2-page-1.json")["request"]["path"])
    first = page["metadata"]["resourceVersion"]
    for _ in range(int(name[-1]) - 1):
        path = re.sub("continue=.*", f"continue={page['metadata']['continue']}", recording["request"]["path"])
        page = await get(stored, recording, path)
    assert page["metadata"]["resourceVersion"] == first
    assert comparable(page) == comparable(recording["body"])


@tried("continue-token-decoded")
async def test_what_a_continue_token_says(stored: Api, name: str):
    expected = json.loads(recorded(f"lists/{name}.json")["decoded_base64url"])
    _, page = await stored.call("GET", f"{PODS}?limit=2")
    token = page["metadata"]["continue"]
    got = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert got == {**expected, "rv": int(page["metadata"]["resourceVersion"])}


@tried("events events-table")
async def test_events(api: Api, name: str):
    recording = recorded(f"lists/{name}.json")
    events = recorded("lists/events.json")["body"]["items"]
    last = copy.deepcopy(events[-1])
    last["metadata"]["name"] = "zzz"
    store(api, "events", [*events, last])
    got = await get(api, recording, f"{EVENTS}?limit={len(events)}")
    expected = recording["body"]
    for each in (got, expected):
        assert each["metadata"].pop("remainingItemCount") > 0
    if "rows" in expected:
        expected["rows"] = expected["rows"][: len(events)]
    assert comparable(got) == comparable(expected)


@tried("delete-collection")
async def test_deleting_what_a_selector_selects(stored: Api, name: str):
    recording = recorded(f"lists/{name}.json")
    names = [item["metadata"]["name"] for item in recording["body"]["items"]]
    for pod in names:
        stored.registry.update("pods", NAMESPACE, pod, lambda one: one["metadata"]["labels"].update(batch="x"))
    body = await get(stored, recording)
    assert (body["kind"], set(body["metadata"])) == (recording["body"]["kind"], set(recording["body"]["metadata"]))
    assert [item["metadata"]["name"] for item in body["items"]] == names
    for item in body["items"]:
        left = stored.registry.find("pods", NAMESPACE, item["metadata"]["name"])
        finished = item["status"]["phase"] == "Failed"
        assert (left is None) is finished
        assert finished or (left is not None and left["metadata"]["deletionGracePeriodSeconds"] == 1)


SCENARIOS: Final = tried
