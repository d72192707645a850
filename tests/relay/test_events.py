"""Stages and reasons as server-sent events, through the real relay process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from chalicelib.domain.pod_status import pod_status
from tests.relay.kubernetes import recorded
from tests.relay.setup import Setup

DEADLINE = 25.0


class Reader:
    """What a browser's EventSource makes of the stream: (event, data), comments passed over."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, dict[str, Any]]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(DEADLINE):
            async for line in self._response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name and not line.startswith(b":"):
                    fields[name] = value
                elif fields:
                    return fields["event"], json.loads(fields["data"])
        raise EOFError

    async def until(self, **told: Any) -> dict[str, Any]:
        """The first status that says so."""
        while True:
            _, data = await self.next()
            if all(data.get(name) == value for name, value in told.items()):
                return data


@asynccontextmanager
async def events(setup: Setup, ticket: str | None = None) -> AsyncIterator[Reader]:
    ticket = ticket or setup.control_plane.ticket(setup.weaver_id, action="events", role="observer")
    url = f"{setup.relay.url}/api/weaver/{setup.weaver_id}/events"
    async with setup.relay.http.get(url, headers={"Authorization": f"Bearer {ticket}"}) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        yield Reader(response)


async def test_from_waiting_to_running_to_the_end(setup: Setup) -> None:
    await setup.kubernetes.show("pending-just-created", setup.weaver_id)
    async with events(setup) as reader:
        assert (await reader.until(status="pending"))["stages"] == {}
        await setup.kubernetes.show("running-no-probe", setup.weaver_id)
        running = await reader.until(status="running")
        assert {"scheduled", "ready"} <= set(running["stages"])
        await setup.kubernetes.show("failed-exit-3", setup.weaver_id)
        failed = await reader.until(status="failed")
        assert (failed["reason"], failed["message"]) == ("Error", "the main process ended with exit code 3")
        assert await reader.next() == ("end", {})
        with pytest.raises(EOFError):
            await reader.next()


@pytest.mark.parametrize("name", ["unschedulable-cpu", "image-pull-back-off", "create-container-config-error"])
async def test_it_says_what_everybody_else_says(setup: Setup, name: str) -> None:
    await setup.kubernetes.show(name, setup.weaver_id)
    pod, its_events = recorded(name, setup.weaver_id)
    expected = pod_status(pod, its_events)
    async with events(setup) as reader:
        told = await reader.until(reason=expected.reason, message=expected.message)
        assert told["status"] == expected.status


async def test_a_pod_that_is_deleted_ends_the_stream(setup: Setup) -> None:
    await setup.running()
    async with events(setup) as reader:
        await reader.until(status="running")
        await setup.kubernetes.remove(setup.weaver_id)
        assert await reader.next() == ("end", {})


async def test_tickets_to_other_doors_do_not_open_this_one(setup: Setup) -> None:
    url = f"{setup.relay.url}/api/weaver/{setup.weaver_id}/events"
    ours, theirs = setup.control_plane.ticket, setup.weaver_id[::-1]
    for ticket in (ours(setup.weaver_id, action="attach"), ours(theirs, action="events")):
        async with setup.relay.http.get(url, headers={"Authorization": f"Bearer {ticket}"}) as response:
            assert response.status == 403
    async with setup.relay.http.get(url) as response:
        assert response.status == 401


async def test_a_relay_that_goes_down_ends_its_streams(setup: Setup) -> None:
    await setup.running()
    async with events(setup) as reader:
        await reader.until(status="running")
        assert await setup.relay.stop() == 0
        with pytest.raises((EOFError, aiohttp.ClientPayloadError)):
            await reader.next()
