"""One open attach stream of a container's terminal."""

import aiohttp

from loom.wire import Resize
from relay.core import channels
from relay.core.channels import StreamStatus


class Attach:
    """Reads output until the stream ends; then ``status`` says how, None when the connection just broke."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket
        self.status: StreamStatus | None = None

    async def read(self) -> bytes | None:
        """The next output, never empty; None when the stream is over."""
        while True:
            message = await self._websocket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                frame: bytes = message.data
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = message.data.encode()
            else:
                return None
            channel = frame[0] if frame else -1
            if channel in (channels.STDOUT, channels.STDERR) and len(frame) > 1:
                return frame[1:]
            if channel == channels.ERROR:
                self.status = channels.parse_status(frame[1:])

    async def write(self, data: bytes) -> None:
        """Input, waiting while the stream is congested. Raises ConnectionError when it is over."""
        for frame in channels.stdin_frames(data):
            await self._send(frame)

    async def resize(self, size: Resize) -> None:
        """The terminal's new size. Raises ConnectionError when the stream is over."""
        await self._send(channels.resize_frame(size))

    async def close(self) -> None:
        """Detaches; the container goes on."""
        await self._websocket.close()

    async def _send(self, frame: bytes) -> None:
        try:
            await self._websocket.send_bytes(frame)
        except (aiohttp.ClientError, RuntimeError) as error:  # aiohttp says RuntimeError for a closed WebSocket
            raise ConnectionError("the attach stream is over") from error
