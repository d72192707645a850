"""A weaver's terminal from outside, by every way there is: Kubernetes' own stream, the relay, and whole programs on a pseudo-terminal."""

import asyncio
import fcntl
import os
import struct
import sys
import termios
import tty
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

import aiohttp

from local.edition import NAMESPACE
from loom.wire import SUBPROTOCOL_V2, Resize, encode
from relay.kube import Kube
from scripts.bench_relay.stage import Stage
from scripts.kubectl import kubectl

SIZE: Final = Resize(24, 80)
_CHUNK: Final = 64 * 1024


class Stream(Protocol):
    """Typing and output. ``receive`` returns some of it, never nothing; raises EOFError when it is over."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...


class RawStream:
    """Kubernetes' ``attach``, with the client that the relay has."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    async def open(self, weaver_id: str) -> None:
        self._attach = await self._kube.attach(f"weaver-{weaver_id}")
        await self._attach.resize(SIZE)

    async def send(self, data: bytes) -> None:
        await self._attach.write(data)

    async def receive(self) -> bytes:
        data = await self._attach.read()
        if data is None:
            raise EOFError
        return data

    async def close(self) -> None:
        await self._attach.close()


class Relayed:
    """A viewer of the relay, over its WebSocket; what is no output is passed over."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket

    async def send(self, data: bytes) -> None:
        await self._websocket.send_bytes(data)

    async def receive(self) -> bytes:
        while (message := await self._websocket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise EOFError
        data: bytes = message.data
        return data


@asynccontextmanager
async def raw(stage: Stage, weaver_id: str) -> AsyncIterator[Stream]:
    """Kubernetes' stream."""
    stream = RawStream(stage.kube)
    await stream.open(weaver_id)
    try:
        yield stream
    finally:
        await stream.close()


@asynccontextmanager
async def relayed(stage: Stage, weaver_id: str) -> AsyncIterator[Stream]:
    """The same through the relay."""
    url, ticket = await stage.ticket(weaver_id)
    headers = {"Authorization": f"Bearer {ticket}"}
    async with stage.http.ws_connect(url, headers=headers, protocols=[SUBPROTOCOL_V2], max_msg_size=0) as websocket:
        await websocket.send_str(encode(SIZE))
        yield Relayed(websocket)


class _Program:
    """A program on a pseudo-terminal whose other end is here."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._readable = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._readable.set)

    async def send(self, data: bytes) -> None:
        os.write(self._master, data)

    async def receive(self) -> bytes:
        while True:
            await self._readable.wait()
            self._readable.clear()
            try:
                return os.read(self._master, _CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:  # EIO: the program has ended
                raise EOFError from error

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)


@asynccontextmanager
async def program(command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Stream]:
    """A whole process; it is killed at the end."""
    master, slave = os.openpty()
    tty.setraw(slave)  # nothing is echoed before the program does the same
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE.rows, SIZE.cols, 0, 0))
    os.set_blocking(master, False)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
    )
    os.close(slave)
    stream = _Program(master)
    try:
        yield stream
    finally:
        process.kill()
        await process.wait()
        stream.close()
        os.close(master)


def loom_attach(stage: Stage, weaver_id: str) -> AbstractAsyncContextManager[Stream]:
    """``loom attach``, through the relay."""
    return program((str(Path(sys.executable).with_name("loom")), "attach", weaver_id), stage.env)


def kubectl_attach(stage: Stage, weaver_id: str) -> AbstractAsyncContextManager[Stream]:
    """``kubectl attach``."""
    return program((str(kubectl()), "-n", NAMESPACE, "attach", "-it", f"weaver-{weaver_id}"), stage.env)
