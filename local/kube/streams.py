"""A client's streams over WebSocket, as a node serves them that gets the client's handshake itself (recorded in ``streams/``).

What ``attach`` and ``exec`` have in common: which handshakes are taken, and how frames go to and from a container.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import WSMsgType, web

from local.kube import channels, status
from local.kube.channels import CloseStdin, Input, Resize, UndecodableResize, Violation
from local.kube.node import Streams
from local.kube.options import boolean
from local.kube.status import PlainError

#: How long to wait for the client's answer to a close frame, in seconds.
_CLOSE_TIMEOUT: Final = 2.0
#: Bytes that one frame carries at most, as Kubernetes' frames do.
_FRAME: Final = 32 * 1024


def require_websocket(request: web.Request) -> None:
    """Raises ApiError 400 and 501."""
    upgrade = request.headers.get("Upgrade", "").lower()
    if upgrade.startswith("spdy"):
        raise status.not_supported("streams over SPDY: use WebSocket")
    if upgrade != "websocket":
        raise status.bad_request("Upgrade request required")


def require_streams(query: Mapping[str, str]) -> None:
    """Raises PlainError 400."""
    if not any(boolean(query, name) for name in ("stdin", "stdout", "stderr")):
        raise PlainError(400, "you must specify at least 1 of stdin, stdout, stderr")


def subprotocol(request: web.Request) -> str | None:
    """The one to speak; None when there is none in common, which is answered by :func:`no_subprotocol`. Raises ApiError 501."""
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word.strip()]
    spoken = channels.negotiate(offered)
    if spoken is None and (not offered or set(offered) & set(channels.OLDER)):
        said = ", ".join(offered) or "none"
        raise status.not_supported(f"the subprotocol of this stream ({said}): offer {channels.V5} or {channels.V4}")
    return spoken


def no_subprotocol() -> web.Response:
    return web.Response(status=403)  # empty, as recorded


async def accept(request: web.Request, protocol: str) -> web.WebSocketResponse:
    """The upgrade."""
    socket = web.WebSocketResponse(protocols=(protocol,), timeout=_CLOSE_TIMEOUT, compress=False)
    await socket.prepare(request)
    return socket


class Session:
    """One client at the streams of one program. ``query`` says which streams it wants."""

    def __init__(
        self, socket: web.WebSocketResponse, protocol: str, streams: Streams, query: Mapping[str, str]
    ) -> None:
        wanted = {name: boolean(query, name) for name in ("stdin", "stdout", "stderr", "tty")}
        self._socket = socket
        self._protocol = protocol
        self._streams = streams
        # Recorded: without tty=true a terminal's client gets nothing, and what it sends is lost.
        deaf = streams.tty and not wanted["tty"]
        self._stdin = wanted["stdin"] and streams.stdin and not deaf
        self._shown = {
            channel
            for channel, name in ((channels.STDOUT, "stdout"), (channels.STDERR, "stderr"))
            if wanted[name] and not deaf
        }
        self._sized = streams.tty and not deaf
        self._sizes_ended = False
        self._wedged = False

    async def run(self) -> bool:
        """Until the client leaves or the streams are over; whether they are over."""
        output, input_ = asyncio.create_task(self._send_output()), asyncio.create_task(self._take_input())
        try:
            await asyncio.wait((output, input_), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over = output.done() and not output.cancelled() and output.exception() is None
            output.cancel()
            input_.cancel()
            results = await asyncio.gather(output, input_, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return over

    async def _send_output(self) -> None:
        while (output := await self._streams.read()) is not None:
            channel, data = output
            if channel in self._shown:
                for start in range(0, len(data), _FRAME):
                    await self._socket.send_bytes(channels.frame(channel, data[start : start + _FRAME]))

    async def _take_input(self) -> None:
        async for message in self._socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                continue
            data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
            if not await self._obey(channels.parse(self._protocol, data)):
                return

    async def _obey(self, message: channels.Message | None) -> bool:
        """False when the connection is to be closed."""
        match message:
            case Violation():
                return False
            case Input(data) if self._stdin and not self._wedged:
                await self._streams.write(data)
            case CloseStdin() if self._stdin:
                self._stdin = False
                if not self._streams.tty:
                    self._streams.close_stdin()
            case UndecodableResize():
                self._sizes_ended = True
            case Resize() if self._sizes_ended:
                self._wedged = True  # recorded: the next size after an undecodable one blocks all input for good
            case Resize(rows, cols) if self._sized:
                self._streams.resize(rows, cols)
            case _:
                pass
        return True


async def greet(socket: web.WebSocketResponse, query: Mapping[str, str]) -> None:
    """The empty frame that comes first (recorded): on the first output that was asked for."""
    for channel, name in ((channels.STDOUT, "stdout"), (channels.STDERR, "stderr")):
        if boolean(query, name):
            await socket.send_bytes(channels.frame(channel, b""))
            return
