"""A viewer that does not keep up slows nobody, costs a bounded amount of memory, and is shown the screen when it is back."""

import asyncio

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
