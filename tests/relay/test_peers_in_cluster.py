"""Relays that find each other in their Service's EndpointSlices: what they read there, and real relays that come and go."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from loom.client.api import Ticket
from relay.peers_in_cluster import relays_in
from tests.relay.control_plane import ControlPlane
from tests.relay.kubernetes import Kubernetes, Stream
from tests.relay.person import Person
from tests.relay.relay_process import DEADLINE, Relay
from tests.relay.test_metrics import scrape
from tests.relay.test_two_relays import back_with, viewer
from tests.relay.two_relays import TwoRelays, one_address

OWN = "http://10.0.0.1:8090"


def piece(*endpoints: Any, family: str = "IPv4", ports: Any = ({"port": 8090},)) -> dict[str, Any]:
    return {"addressType": family, "endpoints": list(endpoints), "ports": list(ports)}


def pod(address: str, **conditions: bool | None) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


@pytest.mark.parametrize(
    ("slices", "relays"),
    [
        ([], {}),
        ([{"addressType": "IPv4", "endpoints": None, "ports": None}], {}),
        ([piece(pod("10.0.0.1"), ports=())], {}),
        ([piece(pod("10.0.0.1"), {"addresses": ["10.0.0.2"]})], {OWN: False, "http://10.0.0.2:8090": False}),
        ([piece(pod("10.0.0.1", ready=False, serving=False, terminating=False))], {OWN: False}),
        ([piece(pod("10.0.0.1", ready=False, serving=True, terminating=True))], {OWN: True}),
        ([piece(pod("10.0.0.1", ready=None, serving=None, terminating=None))], {OWN: False}),
        (
            [piece(pod("10.0.0.1")), piece(pod("10.0.0.2"), ports=[{"port": 1}])],
            {OWN: False, "http://10.0.0.2:1": False},
        ),
        ([piece(pod("10.0.0.1", terminating=True)), piece(pod("10.0.0.1"))], {OWN: False}),
        ([piece(pod("10.0.0.1")), piece(pod("10.0.0.1", terminating=True))], {OWN: False}),
        ([piece(pod("10.0.0.1")), piece(pod("fd00::1"), family="IPv6")], {OWN: False}),
        ([piece(pod("relay.example.org"), family="FQDN")], {}),
    ],
)
def test_what_slices_say(slices: list[Mapping[str, Any]], relays: Mapping[str, bool]) -> None:
    assert relays_in(slices, OWN) == relays


def test_addresses_are_those_of_the_family_and_scheme_that_one_s_own_is() -> None:
    slices = [piece(pod("10.0.0.1")), piece(pod("fd00::2", terminating=True), family="IPv6")]
    assert relays_in(slices, "https://[fd00::1]:8090") == {"https://[fd00::2]:8090": True}


class InCluster(TwoRelays):
    """Relays that only Kubernetes tells of each other: each is in a slice of its own, as its port is."""

    kubernetes: Kubernetes

    def told(self) -> dict[str, str]:
        return {"LOOM_RELAY_PEERS_SERVICE": "loom/relays"}

    async def listed(self, url: str, *, going: bool = False) -> None:
        parts = urlsplit(url)
        await self.kubernetes.set_slice(_slice_of(url), {str(parts.hostname): going}, int(parts.port or 0))

    async def unlisted(self, url: str) -> None:
        await self.kubernetes.remove_slice(_slice_of(url))


def _slice_of(url: str) -> str:
    return f"relays-{urlsplit(url).port}"


@pytest.fixture
async def one(environment: dict[str, str], kubernetes: Kubernetes) -> AsyncIterator[InCluster]:
    """The first of two relays; the second neither runs nor is listed."""
    async with AsyncExitStack() as stack:
        cluster = InCluster(environment, stack)
        cluster.kubernetes = kubernetes
        await kubernetes.set_slice("another-service", {"127.0.0.1": False}, 1, service="another")
        await cluster.listed(cluster.urls[0])
        await cluster.start(cluster.urls[0])
        yield cluster


@pytest.fixture
async def both(one: InCluster) -> InCluster:
    await one.listed(one.urls[1])
    await one.start(one.urls[1])
    await one.knows(one.urls[0], other=True)
    return one


async def serves(relay: Relay, *, viewers: int = 0, forwarded: int = 0) -> None:
    values = await scrape(relay)
    assert values['loom_relay_viewers{role="driver"}'] == viewers
    assert values["loom_relay_forwarded"] == forwarded


async def test_a_relay_that_comes_is_found_and_its_sessions_move_to_it(
    one: InCluster, kubernetes: Kubernetes, control_plane: ControlPlane
) -> None:
    first, second = one.urls
    weaver_id = one.weaver_of(second)
    await kubernetes.show("running-no-probe", weaver_id)
    person = await viewer(one.relays[first], control_plane, weaver_id)
    stream = await kubernetes.stream()
    await person.type(b"typed")
    await stream.has_input(b"typed")
    await serves(one.relays[first], viewers=1)
    await one.listed(second)
    await one.start(second)
    assert await person.until_closed() == 1001
    assert person.messages[-1] == {"type": "exit", "reason": "drain"}
    again = await back_with(one.relays[first], weaver_id, person)
    moved = await kubernetes.stream()
    await again.type(b" more")
    await moved.has_input(b" more")
    await serves(one.relays[first], forwarded=1)
    await serves(one.relays[second], viewers=1)
    assert (await scrape(one.relays[first]))["loom_relay_peers"] == 1


async def test_a_relay_whose_pod_is_being_ended_gives_up_its_sessions_while_it_still_answers(
    both: InCluster, kubernetes: Kubernetes, control_plane: ControlPlane
) -> None:
    going, staying = both.urls
    weaver_id = both.weaver_of(going)
    await kubernetes.show("running-no-probe", weaver_id)
    direct = await viewer(both.relays[going], control_plane, weaver_id)
    passed_on = await viewer(both.relays[staying], control_plane, weaver_id)
    for person in (direct, passed_on):
        await person.until(status="running")
    await both.listed(going, going=True)
    back = []
    for person, relay in ((direct, both.relays[going]), (passed_on, both.relays[staying])):
        assert await person.until_closed() == 1001
        assert person.messages[-1] == {"type": "exit", "reason": "drain"}  # not cut
        back.append(await back_with(relay, weaver_id, person))
    await back[0].until(viewers=2)
    await serves(both.relays[going], forwarded=1)
    await serves(both.relays[staying], viewers=2)
    assert await both.stop(going) == 0


async def test_a_relay_that_is_listed_no_more_is_none_even_if_it_runs(
    both: InCluster, kubernetes: Kubernetes, control_plane: ControlPlane
) -> None:
    gone, staying = both.urls
    weaver_id = both.weaver_of(gone)
    await kubernetes.show("running-no-probe", weaver_id)
    passed_on = await viewer(both.relays[staying], control_plane, weaver_id)
    await passed_on.until(status="running")
    await serves(both.relays[staying], forwarded=1)
    await both.unlisted(gone)
    assert await passed_on.until_closed() == 1001
    await both.knows(staying, other=False)
    again = await back_with(both.relays[staying], weaver_id, passed_on)
    await again.until(status="running")
    await serves(both.relays[staying], viewers=1)


async def test_what_changed_while_nobody_watched_is_listed(both: InCluster, kubernetes: Kubernetes) -> None:
    del kubernetes.slices[_slice_of(both.urls[0])]  # and no watch says so
    await kubernetes.forget()
    await both.knows(both.urls[1], other=False)


async def test_a_relay_that_may_not_look_is_not_ready_and_says_why(
    environment: dict[str, str], kubernetes: Kubernetes
) -> None:
    async with AsyncExitStack() as stack:
        cluster = InCluster(environment, stack)
        cluster.kubernetes = kubernetes
        kubernetes.refuses_slices = True
        relay = await cluster.start(cluster.urls[0])
        async with relay.http.get(f"{relay.url}/readyz") as response:
            assert response.status == 503
            assert "endpointslices.discovery.k8s.io is forbidden" in (await response.json())["peers"]
        kubernetes.refuses_slices = False
        await ready(relay)


async def ready(relay: Relay) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            async with relay.http.get(f"{relay.url}/readyz") as response:
                if response.status == 200:
                    return


async def test_what_kubernetes_said_last_counts_while_it_says_nothing(
    both: InCluster, kubernetes: Kubernetes, control_plane: ControlPlane
) -> None:
    weaver_id = both.weaver_of(both.urls[1])
    await kubernetes.show("running-no-probe", weaver_id)
    first = both.relays[both.urls[0]]
    kubernetes.refuses_slices = True
    await kubernetes.forget()
    async with asyncio.timeout(DEADLINE):
        while "following the relays failed" not in "".join(first.log):  # noqa: ASYNC110  # a log
            await asyncio.sleep(0.02)
    await ready(first)
    person = await viewer(first, control_plane, weaver_id)
    await person.until(status="running")
    await serves(first, forwarded=1)


async def test_a_relay_that_cannot_follow_the_others_any_more_sends_its_viewers_away_and_ends(
    one: InCluster, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    relay = one.relays[one.urls[0]]
    person = await viewer(relay, control_plane, weaver_id)
    await person.until(status="running")
    labels = {"kubernetes.io/service-name": "relays"}
    nonsense = {"metadata": {"name": "x", "labels": labels}, "addressType": "IPv4", "ports": [{}]}
    await kubernetes.change("ADDED", nonsense)
    assert await person.until_closed() == 1001
    assert person.messages[-1] == {"type": "exit", "reason": "drain"}
    assert await asyncio.wait_for(relay.process.wait(), DEADLINE) == 1


async def test_a_rollout_as_kubernetes_does_it_loses_nobody_and_no_key(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    await kubernetes.show("running-no-probe", weaver_id)
    async with AsyncExitStack() as stack:
        cluster = InCluster(environment, stack, count=4)
        cluster.kubernetes = kubernetes
        for url in cluster.urls[:2]:
            await comes(cluster, url)
        address = await stack.enter_async_context(one_address(cluster.urls))
        url = f"{address.replace('http', 'ws', 1)}/api/weaver/{weaver_id}/attach"
        ticket = control_plane.ticket
        with await asyncio.to_thread(Person, lambda: Ticket(url, ticket(weaver_id))) as person:
            over = asyncio.Event()
            typing = asyncio.create_task(type_until(over, person))
            for going, coming in zip(cluster.urls[:2], cluster.urls[2:], strict=True):
                await comes(cluster, coming)
                await ends(cluster, going)
            over.set()
            last = await typing
            streams = await streams_until(kubernetes, b"%d\r" % last)
            keys = b"".join(stream.input for stream in streams).split()
            assert [int(key) for key in keys] == list(range(1000, last + 1))
            assert (person.failure, person.dropped) == (None, 0)
            assert len(streams) > 1  # it did move


async def comes(cluster: InCluster, url: str) -> None:
    await cluster.listed(url)
    await cluster.start(url)
    for relay in cluster.relays.values():
        await until(relay, "loom_relay_peers", len(cluster.relays) - 1)


async def ends(cluster: InCluster, url: str) -> None:
    """Told in the slices at first, then by SIGTERM; at last it is in no slice any more."""
    await cluster.listed(url, going=True)
    await until(cluster.relays[url], 'loom_relay_viewers{role="driver"}', 0)
    assert await cluster.stop(url) == 0
    await cluster.unlisted(url)


async def until(relay: Relay, metric: str, value: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while (await scrape(relay))[metric] != value:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.02)


async def streams_until(kubernetes: Kubernetes, key: bytes) -> list[Stream]:
    """All that were opened, when the last of them has the key."""
    streams: list[Stream] = []
    async with asyncio.timeout(DEADLINE):
        while not streams or key not in streams[-1].input:
            streams += [kubernetes.streams.get_nowait() for _ in range(kubernetes.streams.qsize())]
            await asyncio.sleep(0.02)
    return streams


async def type_until(over: asyncio.Event, person: Person) -> int:
    """Types numbers from 1000 on. Returns the last."""
    for number in itertools.count(1000):
        person.type(b"%d\r" % number)
        if over.is_set():
            return number
        await asyncio.sleep(0.005)  # a person types
    raise AssertionError
