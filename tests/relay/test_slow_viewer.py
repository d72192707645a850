"""A viewer that does not keep up slows nobody, costs a bounded amount of memory, and is shown the screen when it is back."""

import asyncio
from dataclasses import replace

from tests.relay.passage import passage
from tests.relay.relay_process import DEADLINE, Viewer
from tests.relay.setup import Setup


async def keep_reading(viewer: Viewer) -> None:
    while await viewer.next():
        viewer.output[:-4096] = b""


async def test_a_viewer_that_stops_reading(setup: Setup) -> None:
    quick, stream = await setup.attached()
    slow = await setup.viewer()
    await slow.resize(24, 80)
    await slow.until(status="running")
    block = b"".join(b"line %06d\r\n" % number for number in range(2000))
    reading = asyncio.create_task(keep_reading(quick))
    async with asyncio.timeout(DEADLINE):
        for _ in range(1500):  # 36 MB: more than outbox and socket buffers hold
            await stream.send(block)
    await stream.send(b"\x1b[2J\x1b[Hthe true screen")
    await slow.until_output(b"the true screen")
    assert len(slow.output) < 30_000_000
    await stream.send(b" lives")
    await slow.until_output(b" lives")
    reading.cancel()


async def test_a_viewer_on_a_slow_line_sees_how_things_are_and_not_how_they_were(setup: Setup) -> None:
    """Its line takes so little that what waits for it would take half a minute: less than its queue holds."""
    quick, stream = await setup.attached()
    reading = asyncio.create_task(keep_reading(quick))
    async with passage(setup.relay.url, pace=0.04) as line:
        slow = await replace(setup.relay, url=line.url).viewer(
            setup.weaver_id, setup.control_plane.ticket(setup.weaver_id)
        )
        await slow.resize(24, 80)
        await slow.until(status="running", viewers=2)
        for number in range(100):
            await stream.send(b"%030000d" % number)  # 3 MB
        await stream.send(b"\x1b[2J\x1b[Hthe true screen")
        await slow.until_output(b"the true screen")
        assert len(slow.output) < 2_000_000
    reading.cancel()
