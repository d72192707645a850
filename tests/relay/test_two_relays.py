"""Two relays and one session: whoever a viewer comes to, one relay owns it."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from loom.wire import SUBPROTOCOL_V2
from tests.relay.control_plane import USER_TOKEN, ControlPlane
from tests.relay.kubernetes import Kubernetes
from tests.relay.relay_process import Relay, Viewer
from tests.relay.test_doors import refused
from tests.relay.test_metrics import scrape
from tests.relay.two_relays import TwoRelays, two_relays

MARK = "0123456789abcdef" * 2
IN_STREAM = f"\x1b_loom.dev;mark;{MARK}\x1b\\".encode()


@pytest.fixture
async def both(environment: dict[str, str]) -> AsyncIterator[TwoRelays]:
    async with two_relays(environment) as both:
        yield both


async def viewer(relay: Relay, control_plane: ControlPlane, weaver_id: str) -> Viewer:
    one = await relay.viewer(weaver_id, control_plane.ticket(weaver_id))
    await one.resize(24, 80)
    return one


async def test_one_session_whichever_relay_a_viewer_comes_to(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    first = await viewer(both.other(weaver_id), control_plane, weaver_id)
    stream = await kubernetes.stream()
    second = await viewer(both.owner(weaver_id), control_plane, weaver_id)
    await first.until(viewers=2)
    await stream.send(b"hello")
    await first.until_output(b"hello")
    await second.until_output(b"hello")
    await first.type(b"a")
    await stream.has_input(b"a")
    await second.type(b"b")
    await stream.has_input(b"ab")
    await first.until(type="ack", bytes=1)
    assert kubernetes.streams.empty()
    first.cut()
    await second.until(viewers=1)


async def test_a_viewer_of_the_original_protocol_is_passed_on(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    websocket = await both.other(weaver_id).http.ws_connect(
        both.other(weaver_id).attach_url(weaver_id), params={"ticket": control_plane.ticket(weaver_id)}
    )
    stream = await kubernetes.stream()
    await websocket.send_str("ls\r")
    await stream.has_input(b"ls\r")
    await stream.send(b"a file\r\n")
    async with asyncio.timeout(20):
        while "a file" not in await websocket.receive_str():
            pass
    await websocket.close()


async def test_a_name_is_resolved_and_the_owner_found(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    control_plane.names |= {"otter": weaver_id, weaver_id: weaver_id}
    for relay in (both.other(weaver_id), both.owner(weaver_id)):
        one = await relay.viewer("otter", USER_TOKEN)
        await one.until(status="running")
    await kubernetes.stream()
    assert kubernetes.streams.empty()


async def test_the_owners_refusals_are_told_and_a_ticket_is_good_for_one_connection_anywhere(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    ticket = control_plane.ticket(weaver_id)
    await both.owner(weaver_id).viewer(weaver_id, ticket)
    offered = {"Sec-WebSocket-Protocol": SUBPROTOCOL_V2, "Authorization": f"Bearer {ticket}"}
    path = f"/api/weaver/{weaver_id}/attach"
    for relay in both.relays.values():
        assert await refused(relay, path, **offered) == (401, "unauthorized", "the ticket was used before")


async def test_nobody_but_a_relay_may_say_that_it_passed_somebody_on(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    one = await viewer(both.owner(weaver_id), control_plane, weaver_id)
    ticket = control_plane.ticket(weaver_id)
    forged = {"Authorization": f"Bearer {ticket}", "Loom-Relay": "0" * 64}
    other = both.other(weaver_id)
    websocket = await other.http.ws_connect(other.attach_url(weaver_id), headers=forged, protocols=[SUBPROTOCOL_V2])
    await one.until(viewers=2)
    await websocket.close()


async def test_pages_are_told_apart_by_the_address_that_they_connected_to(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    other, path = both.other(weaver_id), f"/api/weaver/{weaver_id}/attach"
    ticket = {"Sec-WebSocket-Protocol": f"{SUBPROTOCOL_V2}, ticket.{control_plane.ticket(weaver_id)}"}
    assert (await refused(other, path, Origin="https://elsewhere.example.org", **ticket))[:2] == (403, "forbidden")
    page = await other.http.ws_connect(
        other.attach_url(weaver_id),
        headers={"Host": "weavers.example.org", "Origin": "https://weavers.example.org"},
        protocols=[SUBPROTOCOL_V2, f"ticket.{control_plane.ticket(weaver_id)}"],
    )
    assert page.protocol == SUBPROTOCOL_V2
    await page.close()


async def test_an_owner_that_says_nothing_any_more_is_none(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    owner, other = both.owner(weaver_id), both.other(weaver_id)
    passed_on = await viewer(other, control_plane, weaver_id)
    await passed_on.until(status="running")
    owner.process.send_signal(signal.SIGSTOP)  # its port still takes connections
    try:
        ticket = control_plane.ticket(weaver_id)
        url = f"{other.attach_url(weaver_id)}?ticket={ticket}"
        async with asyncio.timeout(12), other.http.ws_connect(url, protocols=[SUBPROTOCOL_V2]) as websocket:
            await Viewer(websocket).until(status="running")
            assert await passed_on.until_closed() == 1001
        assert ticket not in "".join(other.log)
    finally:
        owner.process.send_signal(signal.SIGCONT)


async def test_a_relay_passes_on_no_more_than_it_may_serve(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    async with two_relays({**environment, "LOOM_RELAY_CONNECTIONS": "2"}) as both:
        owner, other = both.owner(weaver_id), both.other(weaver_id)
        first = await viewer(other, control_plane, weaver_id)
        second = await viewer(other, control_plane, weaver_id)
        stream = await kubernetes.stream()
        before = (await scrape(other))["loom_relay_forwarded_bytes_total"]
        await stream.send(b"x" * 1000)
        for one in (first, second):
            await one.until_output(b"x" * 1000)
        values = await scrape(other)
        assert values["loom_relay_forwarded"] == 2
        assert values["loom_relay_forwarded_bytes_total"] >= before + 2000
        assert (values['loom_relay_viewers{role="driver"}'], values["loom_relay_event_streams"]) == (0, 0)
        assert (await scrape(owner))["loom_relay_forwarded"] == 0
        path = f"/api/weaver/{weaver_id}/attach?ticket={control_plane.ticket(weaver_id)}"
        assert (await refused(other, path))[:2] == (429, "too_many_connections")
        first.cut()
        await second.until(viewers=1)
        third = await viewer(other, control_plane, weaver_id)  # the place is free again
        await third.until(viewers=2)


async def test_who_the_owner_refuses_is_no_connection_of_the_relay_that_asked_it(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    other = both.other(weaver_id)
    for _ in range(3):
        assert (await refused(other, f"/api/weaver/{weaver_id}/attach?ticket=forged"))[:2] == (401, "unauthorized")
    assert (await scrape(other))["loom_relay_forwarded"] == 0


async def back_with(relay: Relay, weaver_id: str, viewer: Viewer) -> Viewer:
    again = await relay.comes_back(weaver_id, await viewer.token())
    await again.resize(24, 80)
    return again


async def test_when_the_owner_is_killed_the_other_one_is(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    other = both.other(weaver_id)
    one = await viewer(other, control_plane, weaver_id)
    stream = await kubernetes.stream()
    await stream.send(b"seen")
    await one.until_output(b"seen")
    kubernetes.prints = f"{MARK} 11\nseen before".encode()
    kubernetes.logs["weaver"] = b"something\n"
    kubernetes.greeting = IN_STREAM + b" and after"
    await both.kill(both.owner(weaver_id).url)
    assert await one.until_closed() == 1001
    again = await back_with(other, weaver_id, one)
    await again.until_output(b" and after")
    assert b"seen before" in again.output
    assert again.messages[0] == {"type": "ack", "bytes": 0, "fresh": True}


async def test_a_session_moves_to_its_owner_when_that_comes_and_nothing_typed_is_lost(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    owner, other = both.owner(weaver_id).url, both.other(weaver_id)
    await both.kill(owner)
    one = await viewer(other, control_plane, weaver_id)
    first = await kubernetes.stream()
    await one.type(b"typed")
    await first.has_input(b"typed")
    await both.start(owner)
    assert await one.until_closed() == 1001
    acknowledged, left = one.messages[-2:]
    assert (acknowledged["bytes"], left) == (5, {"type": "exit", "reason": "drain"})
    async with asyncio.timeout(20):
        await first.over.wait()
    again = await back_with(other, weaver_id, one)
    second = await kubernetes.stream()
    await again.type(b" more")
    await second.has_input(b" more")
    direct = await viewer(both.relays[owner], control_plane, weaver_id)
    await direct.until(viewers=2)


async def test_a_relay_that_goes_down_sends_away_whom_it_passed_on_and_their_session_stays(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    other, owner = both.other(weaver_id), both.owner(weaver_id)
    one = await viewer(other, control_plane, weaver_id)
    stream = await kubernetes.stream()
    await one.type(b"typed")
    await one.until(type="ack", bytes=5)
    leaving = asyncio.create_task(one.until_closed())
    assert await both.stop(other.url) == 0
    assert await leaving == 1001
    again = await back_with(owner, weaver_id, one)
    assert (await again.until(type="ack"))["bytes"] == 5
    await again.type(b" more")
    await stream.has_input(b"typed more")
    assert kubernetes.streams.empty()


async def test_an_owner_that_goes_down_is_none(
    both: TwoRelays, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    other, owner = both.other(weaver_id), both.owner(weaver_id)
    one = await viewer(other, control_plane, weaver_id)
    await kubernetes.stream()
    stopping = asyncio.create_task(both.stop(owner.url))
    await one.until(type="exit", reason="drain")
    again = await back_with(other, weaver_id, one)
    await kubernetes.stream()
    await again.until(status="running")
    assert await stopping == 0
