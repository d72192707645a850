"""Watches: what comes, in which order, and how they end."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from local.kube.registry import Registry
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, serving
from tests.local.kube.recordings import recorded, recorded_lines

DEADLINE = 20


class Watch:
    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    async def next(self) -> Any:
        async with asyncio.timeout(DEADLINE):
            return json.loads(await anext(self._lines))

    async def ended(self) -> list[Any]:
        """What still comes, up to the end of the body."""
        async with asyncio.timeout(DEADLINE):
            return [json.loads(line) async for line in self._lines]


@contextlib.asynccontextmanager
async def watching(api: Api, query: str = "", path: str = PODS) -> AsyncIterator[Watch]:
    async with api.http.get(f"{path}?watch=1&{query}") as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Type"] == "application/json"
        yield Watch(aiter(answer.content))


def label(api: Api, name: str, **labels: str) -> None:
    api.registry.update("pods", NAMESPACE, name, lambda pod: pod["metadata"].update(labels=labels))


async def test_it_begins_with_what_is_there(api: Api):
    api.store("one", "running-ready")
    async with watching(api) as watch:
        event = await watch.next()
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "one")
        assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("Pod", "v1")


async def test_from_a_version_it_misses_and_repeats_nothing(api: Api):
    api.store("one", "running-ready")
    version = api.registry.version
    api.store("two", "running-ready")
    async with watching(api, f"resourceVersion={version}") as watch:
        assert (await watch.next())["object"]["metadata"]["name"] == "two"
        api.store("three", "running-ready")
        assert (await watch.next())["object"]["metadata"]["name"] == "three"


async def test_entering_and_leaving_a_selector(api: Api):
    """Leaving is DELETED with the object as it last matched, and the version of the update that took it out."""
    api.store("one", "running-ready")
    async with watching(api, f"resourceVersion={api.registry.version}&labelSelector=team%3Dred") as watch:
        label(api, "one", team="red")
        label(api, "one", team="red", more="1")
        label(api, "one", team="blue")
        left = str(api.registry.version)
        label(api, "one", team="red")
        events = [await watch.next() for _ in range(4)]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    recording = recorded_lines("watch/label-selector-enter-and-leave.ndjson")
    assert [event["type"] for event in recording[:4]] == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert events[2]["object"]["metadata"]["labels"] == {"team": "red", "more": "1"}
    assert events[2]["object"]["metadata"]["resourceVersion"] == left


async def test_an_unscheduled_pod_that_is_deleted(api: Api):
    api.store("one", "pending-just-created")
    async with watching(api, f"resourceVersion={api.registry.version}") as watch:
        await api.call("DELETE", f"{PODS}/one")
        events = [await watch.next() for _ in range(2)]
    recording = recorded_lines("watch/unscheduled-pod-deleted-at-once.ndjson")[-2:]
    assert [event["type"] for event in events] == [event["type"] for event in recording]
    for event in (*events, *recording):
        assert event["object"]["metadata"]["deletionGracePeriodSeconds"] == 0
        assert event["object"]["metadata"]["generation"] == 2


async def test_a_version_that_is_too_old():
    async with serving(Registry(history=2)) as api:
        for number in range(4):
            api.store(f"pod-{number}", "running-ready")
        async with watching(api, "resourceVersion=1") as watch:
            events = await watch.ended()
    expected = recorded("errors/200-watch-compacted-resource-version.json")["body"]
    assert len(events) == 1
    for event in (events[0], expected[0]):
        assert event["object"].pop("message").startswith("too old resource version: ")
    assert events == expected


async def test_a_version_from_before_a_restart_is_too_old():
    async with serving(Registry(first_version=1_000_000)) as api:
        async with watching(api, "resourceVersion=999999") as watch:
            assert [event["object"]["code"] for event in await watch.ended()] == [410]
        _, listed = await api.call("GET", PODS)
        query = f"resourceVersion={listed['metadata']['resourceVersion']}&timeoutSeconds=1"
        async with watching(api, query) as watch:
            assert await watch.ended() == []


async def test_a_version_from_the_future_is_silence(api: Api):
    async with watching(api, "resourceVersion=99999999&timeoutSeconds=1") as watch:
        api.store("one", "running-ready")
        assert await watch.ended() == []


async def test_bookmarks(api: Api):
    api.store("one", "running-ready")
    async with watching(
        api, f"resourceVersion={api.registry.version}&timeoutSeconds=3&allowWatchBookmarks=true"
    ) as watch:
        events = await watch.ended()
    recording = recorded_lines("watch/pod-life-created-running-deleted.ndjson")[-1]
    recording["object"]["metadata"]["resourceVersion"] = str(api.registry.version)
    assert events == [recording]


async def test_a_list_by_initial_events(api: Api):
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(api, query) as watch:
        expected = recorded_lines("watch/send-initial-events-on-an-empty-set.ndjson")[0]
        expected["object"]["metadata"]["resourceVersion"] = str(api.registry.version)
        assert await watch.next() == expected
        api.store("one", "running-ready")
        assert (await watch.next())["type"] == "ADDED"
    async with watching(api, query) as watch:
        assert [(await watch.next())["type"] for _ in range(2)] == ["ADDED", "BOOKMARK"]


async def test_events_of_one_pod(api: Api):
    path = f"/api/v1/namespaces/{NAMESPACE}/events"
    selected = "fieldSelector=involvedObject.uid%3Du1"
    async with watching(api, selected, path) as watch:
        for number, uid in enumerate(("u2", "u1")):
            involved = {"kind": "Pod", "name": "one", "uid": uid}
            metadata = {"name": f"one.{number}", "namespace": NAMESPACE}
            api.registry.create("events", {"metadata": metadata, "involvedObject": involved, "reason": "Started"})
        event = await watch.next()
        assert (event["object"]["kind"], event["object"]["metadata"]["name"]) == ("Event", "one.1")
    _, body = await api.call("GET", f"{path}?{selected}")
    assert [item["metadata"]["name"] for item in body["items"]] == ["one.1"]


async def test_the_end_of_the_server_ends_watches():
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(serving(Registry()))
        async with watching(api) as watch:
            namespace_events = asyncio.create_task(watch.ended())
            api.registry.close()
            assert await namespace_events == []
