"""A viewer that does not keep up slows nobody, costs a bounded amount of memory, and is shown the screen when it is back."""

import asyncio
import socket

import aiohttp

from loom.wire import SUBPROTOCOL_V2
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
    """Its line takes so little that what waits for it would take a minute: less than its queue holds."""
    quick, stream = await setup.attached()
    reading = asyncio.create_task(keep_reading(quick))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=_narrow)) as http:
        ticket = setup.control_plane.ticket(setup.weaver_id)
        websocket = await http.ws_connect(
            setup.relay.attach_url(setup.weaver_id),
            headers={"Authorization": f"Bearer {ticket}"},
            protocols=[SUBPROTOCOL_V2],
        )
        slow = Viewer(websocket)
        await slow.resize(24, 80)
        await slow.until(status="running", viewers=2)
        line = websocket._response.connection
        assert line
        assert line.transport
        for number in range(100):
            await stream.send(b"%030000d" % number)  # 3 MB
        clock = asyncio.get_running_loop().time
        began = clock()
        await stream.send(b"\x1b[2J\x1b[Hthe true screen")
        while b"the true screen" not in slow.output:
            line.transport.resume_reading()
            assert await slow.next()
            line.transport.pause_reading()
            await asyncio.sleep(0.05)  # at most a buffer's worth each time
        assert clock() - began < DEADLINE
        assert len(slow.output) < 2_000_000
        line.transport.resume_reading()
        await websocket.close()
    reading.cancel()


def _narrow(address: aiohttp.AddrInfoType) -> socket.socket:
    one = socket.socket(*address[:3])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    return one
