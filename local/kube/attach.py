"""``pods/attach`` over WebSocket, as a node answers that gets the client's handshake itself (recorded in ``streams/``)."""

import asyncio
from typing import Final

from aiohttp import WSMsgType, web

from local.kube import channels, status
from local.kube.channels import CloseStdin, Input, Resize, UndecodableResize, Violation
from local.kube.containers import is_scheduled, named_container
from local.kube.node import Attachment, Node
from local.kube.objects import Object
from local.kube.options import boolean
from local.kube.status import PlainError

#: How long to wait for the client's answer to a close frame, in seconds.
_CLOSE_TIMEOUT: Final = 2.0
#: Bytes that one frame carries at most, as Kubernetes' frames do.
_FRAME: Final = 32 * 1024


async def attach(request: web.Request, node: Node, pod: Object) -> web.StreamResponse:
    """Raises ApiError 400 and 501, PlainError 400 and 500."""
    container = named_container(pod, request.query.get("container", ""))
    if not is_scheduled(pod):
        raise status.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    _require_websocket(request)
    if not any(boolean(request.query, name) for name in ("stdin", "stdout", "stderr")):
        raise PlainError(400, "you must specify at least 1 of stdin, stdout, stderr")
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if word.strip()]
    if not offered:
        raise status.not_supported(f"attach without a subprotocol: offer {channels.V5} or {channels.V4}")
    protocol = channels.negotiate(offered)
    if protocol is None:
        return web.Response(status=403)  # empty, as recorded
    attachment = node.attach(pod, container)
    try:
        socket = web.WebSocketResponse(protocols=(protocol,), timeout=_CLOSE_TIMEOUT, compress=False)
        await socket.prepare(request)
        await _Session(socket, protocol, attachment, request).run()
    finally:
        attachment.close()
    return socket


def _require_websocket(request: web.Request) -> None:
    upgrade = request.headers.get("Upgrade", "").lower()
    if upgrade.startswith("spdy"):
        raise status.not_supported("streams over SPDY: use WebSocket")
    if upgrade != "websocket":
        raise status.bad_request("Upgrade request required")


class _Session:
    """One client at one container."""

    def __init__(
        self, socket: web.WebSocketResponse, protocol: str, attachment: Attachment, request: web.Request
    ) -> None:
        wanted = {name: boolean(request.query, name) for name in ("stdin", "stdout", "stderr", "tty")}
        self._socket = socket
        self._protocol = protocol
        self._attachment = attachment
        # Recorded: without tty=true a terminal's client gets nothing, and what it sends is lost.
        deaf = attachment.tty and not wanted["tty"]
        self._stdin = wanted["stdin"] and attachment.stdin and not deaf
        self._shown = {
            channel
            for channel, name in ((channels.STDOUT, "stdout"), (channels.STDERR, "stderr"))
            if wanted[name] and not deaf
        }
        self._sized = attachment.tty and not deaf
        self._sizes_ended = False
        self._wedged = False

    async def run(self) -> None:
        """Until the client leaves or the container is over; then Success, whatever its exit code (recorded)."""
        await self._socket.send_bytes(channels.frame(channels.STDOUT, b""))
        output, input_ = asyncio.create_task(self._send_output()), asyncio.create_task(self._take_input())
        try:
            await asyncio.wait((output, input_), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over = output.done() and output.exception() is None
            output.cancel()
            input_.cancel()
            results = await asyncio.gather(output, input_, return_exceptions=True)
        if over:
            await self._socket.send_bytes(channels.status_frame(channels.SUCCESS))
        await self._socket.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _send_output(self) -> None:
        while (output := await self._attachment.read()) is not None:
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
                await self._attachment.write(data)
            case CloseStdin() if self._stdin:
                self._stdin = False
                if not self._attachment.tty:
                    self._attachment.close_stdin()
            case UndecodableResize():
                self._sizes_ended = True
            case Resize() if self._sizes_ended:
                self._wedged = True  # recorded: the next size after an undecodable one blocks all input for good
            case Resize(rows, cols) if self._sized:
                self._attachment.resize(rows, cols)
            case _:
                pass
        return True
