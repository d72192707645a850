"""Connections that last: what dies without a word is noticed, what is stuck holds up nothing, also when the relay goes down."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import pytest

from loom.wire import SUBPROTOCOL_V2, Exit
from relay.core import viewer as core
from relay.core.outbox import Outbox
from relay.metrics import Metrics
from relay.resume import LIFETIME
from relay.session import Session
from tests.relay.control_plane import ControlPlane
from tests.relay.kubernetes import Kubernetes, Stream
from tests.relay.relay_process import DEADLINE, Viewer, running_relay
from tests.relay.setup import Setup
from tests.relay.test_events import events
from tests.relay.test_metrics import scrape

BLOCK = b"".join(b"line %06d\r\n" % number for number in range(2000))


@pytest.fixture
async def impatient(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> AsyncIterator[Setup]:
    """A relay whose viewers have to take what they are sent soon."""
    async with running_relay({**environment, "LOOM_RELAY_STALL": "2"}) as relay:
        yield Setup(relay, kubernetes, control_plane, weaver_id)


@pytest.fixture
async def pinging(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> AsyncIterator[Setup]:
    """A relay that asks often whether somebody is still there."""
    async with running_relay({**environment, "LOOM_RELAY_PING": "2"}) as relay:
        yield Setup(relay, kubernetes, control_plane, weaver_id)


@asynccontextmanager
async def stuck_viewer(setup: Setup) -> AsyncIterator[None]:
    """A viewer that asks for the screen and then reads nothing, not even its socket, which holds little."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=_small)) as http:
        websocket = await http.ws_connect(
            setup.relay.attach_url(setup.weaver_id),
            headers={"Authorization": f"Bearer {setup.control_plane.ticket(setup.weaver_id)}"},
            protocols=[SUBPROTOCOL_V2],
            autoping=False,
        )
        await websocket.send_str('{"type": "resize", "rows": 24, "cols": 80}')
        connection = websocket._response.connection
        assert connection
        assert connection.transport
        connection.transport.pause_reading()
        yield
        connection.transport.abort()


def _small(address: aiohttp.AddrInfoType) -> socket.socket:
    one = socket.socket(*address[:3])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return one


async def flood(stream: Stream, viewer: Viewer) -> None:
    """More than a stuck viewer's socket and the kernel hold; the other one has taken it all."""
    reading = asyncio.create_task(viewer.until_output(b"end of flood"))
    for _ in range(60):
        await stream.send(BLOCK)
    await stream.send(b"end of flood")
    await reading


async def test_a_viewer_that_takes_nothing_is_cut_as_slow_and_the_others_go_on(impatient: Setup) -> None:
    quick, stream = await impatient.attached()
    async with stuck_viewer(impatient):
        await quick.until(viewers=2)
        seen = len(quick.messages)
        await flood(stream, quick)
        async with asyncio.timeout(DEADLINE):
            while not any(message.get("viewers") == 1 for message in quick.messages[seen:]):
                assert await quick.next()
    assert (await scrape(impatient.relay))["loom_relay_slow_closes_total"] == 1
    await stream.send(b" and more")
    await quick.until_output(b"end of flood and more")


async def test_an_upstream_that_dies_without_a_word_is_opened_again_with_the_screen_intact(pinging: Setup) -> None:
    pinging.kubernetes.answers_pings = False
    viewer, stream = await pinging.attached()
    await stream.send(b"remember this")
    await viewer.until_output(b"remember this")
    pinging.kubernetes.answers_pings = True
    told = asyncio.create_task(viewer.until(type="notice"))  # it answers pings meanwhile
    again = await pinging.kubernetes.stream()
    assert "connecting again" in (await told)["text"]
    await again.send(b" and that")
    await viewer.until_output(b" and that")
    late = await pinging.viewer()
    await late.until_output(b"remember this and that")
    await viewer.type(b"x")
    await again.has_input(b"x")
    assert bytes(stream.input) == b""


async def test_a_viewer_that_dies_without_a_word_is_noticed_and_an_idle_upstream_that_answers_is_kept(
    pinging: Setup,
) -> None:
    viewer, stream = await pinging.attached()
    async with stuck_viewer(pinging):
        await viewer.until(viewers=2)
        seen = len(viewer.messages)
        async with asyncio.timeout(DEADLINE):
            while not any(message.get("viewers") == 1 for message in viewer.messages[seen:]):
                assert await viewer.next()
    assert pinging.kubernetes.streams.empty()
    assert not stream.over.is_set()


async def test_a_viewer_that_left_too_long_ago_to_come_back_is_forgotten() -> None:
    no = cast("Any", None)  # what is behind a session is not asked
    session = Session("weaver", no, no, no, Metrics())
    viewer = core.Viewer("viewer", may="driver", role="driver", outbox=Outbox(100, lambda: None))
    session.join(viewer, datetime.now(UTC))
    place = session.new_place(viewer.id, viewer.typing)
    session.hub.dismiss(viewer, Exit("detached"))
    await session.leave(viewer)
    session._give_up(viewer.id)
    assert session.place(viewer.id) is place
    place.left_at -= LIFETIME.total_seconds()
    session._give_up(viewer.id)
    assert session.viewer_ids == []
    assert not session.hub.dismissed


async def test_sigterm_ends_within_its_grace_with_stuck_viewers_and_event_streams(setup: Setup) -> None:
    quick, stream = await setup.attached()
    async with stuck_viewer(setup):
        await quick.until(viewers=2)
        await flood(stream, quick)
        async with events(setup) as reader:
            await reader.until(status="running")
            leaving = asyncio.create_task(quick.until_closed())
            began = asyncio.get_running_loop().time()
            assert await setup.relay.stop() == 0
            assert asyncio.get_running_loop().time() - began < 5
        assert await leaving == 1001
    assert quick.messages[-1] == {"type": "exit", "reason": "drain"}


async def test_nobody_comes_in_while_the_relay_goes_down(setup: Setup) -> None:
    """It waits for a viewer that takes its time; meanwhile it says that it goes, on connections that are open already."""
    quick, stream = await setup.attached()
    async with stuck_viewer(setup), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http:
        await quick.until(viewers=2)
        await flood(stream, quick)
        async with http.get(f"{setup.relay.url}/readyz") as response:  # its connection stays open
            assert response.status == 200
        setup.relay.process.terminate()
        assert await quick.until_closed() == 1001
        async with http.get(f"{setup.relay.url}/readyz") as response:
            assert (response.status, (await response.json())["relay"]) == (503, "draining")
        async with asyncio.timeout(DEADLINE):
            assert await setup.relay.process.wait() == 0
