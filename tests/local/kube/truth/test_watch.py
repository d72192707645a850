"""Watches of recorded lives: what happened to the objects happens to them here, and the watch tells it in the same events.

How the node brings those states about is compared in ``test_pods``; here it is the API's part.
"""

import copy
import json
import re
from functools import partial
from typing import Any, Final

from local.kube.objects import Object
from local.kube.registry import Registry
from tests.local.kube.api.conftest import NAMESPACE, Api, serving
from tests.local.kube.recordings import recorded, recorded_lines
from tests.local.kube.truth.test_lists import OWN, comparable, store
from tests.local.kube.truth.tried import Tried

tried: Final = Tried()

LIFE: Final = "pod-life-created-running-deleted"


def relive(api: Api, resource: str, events: list[Any]) -> None:
    """Does to the registry what ``events`` tell."""
    for event in copy.deepcopy(events):
        found, metadata = event["object"], event["object"]["metadata"]
        for own in OWN:
            metadata.pop(own, None)
        known = api.registry.find(resource, NAMESPACE, metadata.get("name", ""))
        match event["type"]:
            case "DELETED" if event is events[-1] or known is not None:
                api.registry.delete(resource, NAMESPACE, metadata["name"])
            case "ADDED" | "MODIFIED" if known is None:
                api.registry.create(resource, found)
            case "ADDED" | "MODIFIED":
                api.registry.update(resource, NAMESPACE, metadata["name"], partial(become, new=found))


def become(stored: Object, new: Object) -> None:
    kept = {key: stored["metadata"][key] for key in OWN}
    stored.clear()
    stored.update({**new, "metadata": {**new["metadata"], **kept}})


async def watched(api: Api, name: str, version: str, seconds: int = 1) -> list[Any]:
    """Every event of the recorded watch, asked here from ``version`` on and for ``seconds``."""
    request = recorded(f"watch/{name}.meta.json")["request"]
    path = re.sub(r"resourceVersion=3375", f"resourceVersion={version}", request["path"])
    path = re.sub(r"timeoutSeconds=\d+", f"timeoutSeconds={seconds}", path)
    headers = {"Accept": request["accept"]} if request["accept"] else {}
    async with api.http.get(path, headers=headers) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return [json.loads(line) for line in (await answer.text()).splitlines()]


@tried(
    """
    pod-life-as-partial-metadata pod-life-as-table pod-life-created-running-deleted pod-life-succeeded-then-deleted
    unscheduled-pod-deleted-at-once events-of-one-pod field-selector-phase-running
    """
)
async def test_a_life(api: Api, name: str):
    version = str(api.registry.version)
    expected = recorded_lines(f"watch/{name}.ndjson")
    own_life = "pod-life-as" in name or "field-selector" in name
    life = recorded_lines(f"watch/{LIFE if own_life else name}.ndjson")
    resource = "events" if name.startswith("events") else "pods"
    relive(api, resource, [event for event in life if event["type"] != "BOOKMARK"])
    has_bookmark = expected[-1]["type"] == "BOOKMARK"
    got = await watched(api, name, version, 3 if has_bookmark else 1)
    assert comparable(got) == comparable(expected)


@tried("label-selector-enter-and-leave")
async def test_entering_and_leaving_a_selector(api: Api, name: str):
    """The pod is seen only while it is selected; what it was otherwise is made up."""
    version = str(api.registry.version)
    expected = recorded_lines(f"watch/{name}.ndjson")
    for event in expected[:-1]:
        if event["type"] == "DELETED":
            pod = event["object"]["metadata"]["name"]
            api.registry.update("pods", NAMESPACE, pod, lambda one: one["metadata"]["labels"].update(team="blue"))
        else:
            relive(api, "pods", [event])
    relive(api, "pods", expected[-1:])
    assert comparable(await watched(api, name, version)) == comparable(expected)


@tried("initial-events-resource-version-0 initial-events-resource-version-unset")
async def test_it_begins_with_what_is_there(api: Api, name: str):
    store(api, "pods", recorded("lists/resource-version-0.json")["body"]["items"])
    got, expected = await watched(api, name, ""), recorded_lines(f"watch/{name}.ndjson")
    assert _by_name(got) == _by_name(expected)


def _by_name(events: list[Any]) -> list[Any]:
    """The order of the first events means nothing."""
    return sorted(comparable(events), key=lambda event: str(event["object"]["metadata"].get("name")))


@tried("initial-list-by-send-initial-events")
async def test_a_list_by_initial_events(api: Api, name: str):
    """Bookmarks come when they come: at least one, and the one that ends the list."""
    expected = recorded_lines(f"watch/{name}.ndjson")
    relive(api, "pods", [event for event in expected if event["type"] == "ADDED"])
    got = await watched(api, name, "", 3)
    count = len(api.registry.list("pods"))
    assert _by_name(got[:count]) == _by_name(expected[:count])
    assert comparable(got[count]) == comparable(expected[count])
    assert comparable(got[-1]) == comparable(expected[-1])


@tried("send-initial-events-on-an-empty-set")
async def test_a_list_of_nothing(api: Api, name: str):
    got, expected = await watched(api, name, ""), recorded_lines(f"watch/{name}.ndjson")
    assert comparable(got) == comparable(expected)


@tried("error-resource-version-too-old")
async def test_a_version_that_is_too_old(name: str):
    expected = recorded_lines(f"watch/{name}.ndjson")
    async with serving(Registry(first_version=2000)) as api:
        got = await watched(api, name, "1")
    for event in (*got, *expected):
        event["object"]["message"] = event["object"]["message"].partition("(")[0]
    assert got == expected


SCENARIOS: Final = tried
