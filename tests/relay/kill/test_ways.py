"""The API server's stream, and the viewer's, are cut or fall silent while output and typing are counted."""

import asyncio
from collections.abc import Callable

import pytest

from tests.relay.counting import COUNT, TELL, counted, counts_on, sees, typing
from tests.relay.passage import Passage
from tests.relay.person import Person
from tests.relay.pods import IMAGE, Cluster

#: Seconds within which the screen is true again.
_BACK_WITHIN = 2.0
_SILENCE = 1.0


async def happens(way: Passage, what: str) -> None:
    """It is over when this returns."""
    if what == "cut":
        way.cut()
    else:
        way.fall_silent()
        await asyncio.sleep(_SILENCE)
        way.go_on()


@pytest.mark.parametrize("what", ["cut", "silence"])
async def test_output_is_seen_once_and_soon(
    way: Passage, what: str, cluster: Cluster, people: Callable[[], Person], weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", COUNT, image=IMAGE)
    with await asyncio.to_thread(people) as person:
        await sees(person, b"n100.")
        for _ in range(3):
            await happens(way, what)
            assert await counts_on(person, 30) < _BACK_WITHIN


@pytest.mark.parametrize("what", ["cut", "silence"])
async def test_each_key_arrives_once(
    way: Passage, what: str, cluster: Cluster, people: Callable[[], Person], weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", TELL, image=IMAGE)
    with await asyncio.to_thread(people) as person:
        await sees(person, b"ready")
        keys = asyncio.create_task(typing(person, 1000, 1499))
        for number in (1100, 1200, 1300):
            await sees(person, b"k%d." % number)
            await happens(way, what)
        await keys
        await sees(person, b"k1499.")
        assert counted(person.text, b"k") == list(range(1000, 1500))
        assert person.dropped == 0
