"""``pods/portforward`` over plain WebSocket channels: port *i* of the query has channel 2i for its bytes and 2i+1 for its error.

Each channel begins with the port's number, two bytes, the lower first. kubectl tunnels SPDY through its WebSocket instead, which is
refused. Containers share the host's network, so a pod's port is the host's.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from aiohttp import WSMsgType, web

from local.kube import channels, status, streams
from local.kube.containers import is_scheduled
from local.kube.objects import Object
from local.kube.status import PlainError

_HOST: Final = "127.0.0.1"
_CHUNK: Final = 32 * 1024
_TUNNEL: Final = "SPDY/3.1+portforward.k8s.io"


async def forward_ports(request: web.Request, pod: Object) -> web.StreamResponse:
    """Raises ApiError 400 and 501, PlainError 400."""
    if not is_scheduled(pod):
        raise status.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    streams.require_websocket(request)
    if _TUNNEL in request.headers.get("Sec-WebSocket-Protocol", ""):
        raise status.not_supported(f"port-forward by {_TUNNEL}, as kubectl asks for it: only plain {channels.V4}")
    ports = _ports(request.query.getall("ports", []))
    protocol = streams.subprotocol(request)
    if protocol is None:
        return streams.no_subprotocol()
    socket = await streams.accept(request, protocol)
    await _Forwarding(socket, pod, ports).run()
    await socket.close()
    return socket


def _ports(values: Sequence[str]) -> list[int]:
    """``ports=80&ports=81`` and ``ports=80,81``. Raises PlainError 400."""
    words = [word for value in values for word in value.split(",") if word]
    if not words:
        raise PlainError(400, 'query parameter "port" is required')
    if wrong := [word for word in words if not (word.isascii() and word.isdigit() and 0 < int(word[:6]) < 65536)]:
        raise PlainError(400, f'unable to parse "{wrong[0]}" as a port')
    return [int(word) for word in words]


class _Forwarding:
    """One client's connections, one a port, all opened at once."""

    def __init__(self, socket: web.WebSocketResponse, pod: Object, ports: Sequence[int]) -> None:
        self._socket = socket
        self._pod = pod
        self._ports = ports
        loop = asyncio.get_running_loop()
        #: None when the port could not be connected to.
        self._writers: dict[int, asyncio.Future[asyncio.StreamWriter | None]] = {
            2 * number: loop.create_future() for number in range(len(ports))
        }

        self._channels = {bytes((channel,)) for channel in self._writers}

    async def run(self) -> None:
        """Until the client leaves or the last connection has ended."""
        for number, port in enumerate(self._ports):
            for channel in (2 * number, 2 * number + 1):
                await self._socket.send_bytes(channels.frame(channel, port.to_bytes(2, "little")))
        connections = asyncio.gather(*(self._connect(number, port) for number, port in enumerate(self._ports)))
        taking = asyncio.create_task(self._take_input())
        both: set[asyncio.Future[object]] = {asyncio.ensure_future(connections), asyncio.ensure_future(taking)}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for opened in self._writers.values():
                if opened.done() and (writer := opened.result()) is not None:
                    writer.close()

    async def _connect(self, number: int, port: int) -> None:
        try:
            reader, writer = await asyncio.open_connection(_HOST, port)
            self._writers[2 * number].set_result(writer)
            while data := await reader.read(_CHUNK):
                await self._socket.send_bytes(channels.frame(2 * number, data))
        except OSError as error:
            if not self._writers[2 * number].done():
                self._writers[2 * number].set_result(None)
            metadata = self._pod["metadata"]
            why = f"error forwarding port {port} to pod {metadata['name']}, uid {metadata['uid']}: {error.strerror or error}"
            await self._socket.send_bytes(channels.frame(2 * number + 1, why.encode()))

    async def _take_input(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or message.data[:1] not in self._channels:
                continue
            writer = await self._writers[message.data[0]]  # it may come before the connection is there
            if writer is not None:
                writer.write(message.data[1:])
                with contextlib.suppress(OSError):  # the port's program closed: its channel tells
                    await writer.drain()
