import asyncio

import pytest

from relay.beginning import Beginning

MARK = b"\x1b_mark\x1b\\"


@pytest.mark.parametrize("piece", [1, 3, 100])
async def test_what_is_before_the_mark_is_forgotten_and_what_is_after_it_kept(piece: int) -> None:
    beginning = Beginning()
    data = b"before " * 50 + MARK + b"after"
    for start in range(0, 40, piece):
        await beginning.take(data[start : min(40, start + piece)])
    cutting = asyncio.create_task(beginning.cut(MARK))
    await asyncio.sleep(0)
    for start in range(40, len(data), piece):
        await beginning.take(data[start : start + piece])
    assert await cutting
    assert beginning.data == b"after"


async def test_a_mark_that_came_already() -> None:
    beginning = Beginning()
    await beginning.take(b"before" + MARK + b"after")
    assert await beginning.cut(MARK)
    assert beginning.data == b"after"


async def test_a_stream_that_ends_before_its_mark() -> None:
    beginning = Beginning()
    cutting = asyncio.create_task(beginning.cut(MARK))
    await asyncio.sleep(0)
    beginning.end()
    assert not await cutting


async def test_much_waits_until_it_is_known_what_to_look_for() -> None:
    beginning = Beginning()
    taking = asyncio.create_task(beginning.take(b"x" * 2_000_000))
    await asyncio.sleep(0)
    assert not taking.done()
    cutting = asyncio.create_task(beginning.cut(MARK))
    await taking
    assert len(beginning.data) < 100
    await beginning.take(MARK)
    assert await cutting


async def test_without_a_mark_everything_is_kept() -> None:
    beginning = Beginning()
    await beginning.take(b"all ")
    await beginning.take(b"of it")
    assert beginning.data == b"all of it"
