"""Two relays behind one address, real containers, and people who notice no more than a repaint."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest

from loom.client.api import Ticket
from tests.relay.control_plane import RELAY_TOKEN, ControlPlane
from tests.relay.counting import COUNT, TELL, counted, counts_on, sees, typing
from tests.relay.person import Person
from tests.relay.pods import IMAGE, NAMESPACE, Cluster
from tests.relay.two_relays import TwoRelays, one_address, two_relays

Come: TypeAlias = Callable[[], Person]

#: Seconds within which a person who was cut sees the screen again: that is promised. Of several times the best counts, since the
#: machine has other tests to do.
_BACK_WITHIN = 2.0
#: And all of them, whatever else it has to do.
_AT_WORST = 4.0


@pytest.fixture
def environment(cluster: Cluster, control_plane: ControlPlane) -> dict[str, str]:
    return {
        "LOOM_SERVER_URL": control_plane.url,
        "LOOM_KUBECONFIG": str(cluster.kubeconfig),
        "LOOM_NAMESPACE": NAMESPACE,
        "LOOM_RELAY_TOKEN": RELAY_TOKEN,
    }


@pytest.fixture
async def both(environment: dict[str, str]) -> AsyncIterator[TwoRelays]:
    async with two_relays(environment) as both:
        yield both


@pytest.fixture
async def address(both: TwoRelays) -> AsyncIterator[str]:
    async with one_address(both.urls) as address:
        yield address


@pytest.fixture
def people(address: str, control_plane: ControlPlane, weaver_id: str) -> Come:
    """Makes a person who comes by the address of both relays."""
    url = f"{address.replace('http', 'ws', 1)}/api/weaver/{weaver_id}/attach"
    return lambda: Person(lambda: Ticket(url, control_plane.ticket(weaver_id)))


async def killed_and_back(both: TwoRelays, url: str) -> None:
    """Until both relays know each other again."""
    await both.kill(url)
    await both.start(url)
    for each in both.urls:
        await both.knows(each, other=True)


async def test_when_the_owner_is_killed_everything_is_seen_once_and_soon(
    both: TwoRelays, cluster: Cluster, people: Come, weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", COUNT, image=IMAGE)
    one, other = await asyncio.to_thread(people), await asyncio.to_thread(people)
    with one, other:
        await sees(one, b"n300.")
        await sees(other, b"n300.")
        for _ in range(2):
            await killed_and_back(both, both.owner(weaver_id).url)
            for person in (one, other):
                await asyncio.to_thread(person.until_back)
                await counts_on(person, 200)
                assert counted(person.text, b"n")[0] <= 300
        for person in (one, other):
            assert min(person.away) < _BACK_WITHIN
            assert max(person.away) < _AT_WORST


async def test_when_the_owner_is_killed_each_key_arrives_once(
    both: TwoRelays, cluster: Cluster, people: Come, weaver_id: str
) -> None:
    """While two people type, one relay is killed and comes back, and then the other."""
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", TELL, image=IMAGE)
    one, other = await asyncio.to_thread(people), await asyncio.to_thread(people)
    with one, other:
        await sees(one, b"ready")
        keys = [asyncio.create_task(typing(one, 1000, 2000)), asyncio.create_task(typing(other, 3000, 4000))]
        for url in both.urls:
            await sees(one, b"k1200." if url == both.urls[0] else b"k1600.")
            await killed_and_back(both, url)
        await asyncio.gather(*keys)
        await sees(one, b"k2000.")
        await sees(one, b"k4000.")
        assert (one.dropped, other.dropped) == (0, 0)
        arrived = counted(one.text, b"k")
        assert [number for number in arrived if number < 3000] == [*range(1000, 2001)]
        assert [number for number in arrived if number >= 3000] == [*range(3000, 4001)]


async def test_a_rolling_restart_of_both_loses_nobody_and_no_key(
    both: TwoRelays, cluster: Cluster, people: Come, weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", TELL, image=IMAGE)
    one, other = await asyncio.to_thread(people), await asyncio.to_thread(people)
    with one, other:
        await sees(one, b"ready")
        keys = asyncio.create_task(typing(one, 1000, 3000))
        for url in both.urls:
            assert await both.stop(url) == 0
            await both.start(url)
            for each in both.urls:
                await both.knows(each, other=True)
        await keys
        for person in (one, other):
            await sees(person, b"k3000.")
            arrived = counted(person.text, b"k")
            assert arrived == list(range(arrived[0], 3001))
            assert person.dropped == 0
            assert min(person.away) < _BACK_WITHIN
            assert max(person.away) < _AT_WORST
