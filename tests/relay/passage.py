"""A way between two parts that a test cuts, narrows, or lets fall silent without a word to either of them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 64 * 1024
#: A narrow passage takes so many bytes at once, and has room for as many.
_NARROW = 8 * 1024


class Passage:
    """Passes on what comes to ``url``, to another address. ``pace`` narrows it: the seconds that each 8 KiB take, at least."""

    def __init__(self, pace: float = 0.0) -> None:
        self.url = ""
        self._pace = pace
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        return len(self._writers) // 2

    def cut(self) -> None:
        """Every connection is gone, with what was on its way; new ones may come."""
        for writer in self._writers:
            writer.transport.abort()

    def fall_silent(self) -> None:
        """Nothing passes, nor does anything end."""
        self._open.clear()

    def go_on(self) -> None:
        """What waited passes."""
        self._open.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        await self._open.wait()
        back_reader, back_writer = await asyncio.open_connection(host, port, limit=_NARROW if self._pace else _CHUNK)
        if self._pace:
            back_writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
        both = {writer, back_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(reader, back_writer), self._pump(back_reader, writer))
        finally:
            self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # either side may end a connection as it likes
            while data := await reader.read(_NARROW if self._pace else _CHUNK):
                await self._open.wait()
                await asyncio.sleep(self._pace)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def passage(url: str, listen: str = "127.0.0.1", pace: float = 0.0) -> AsyncIterator[Passage]:
    """From an address of this machine to the server at ``url``."""
    to = urlsplit(url)
    assert to.hostname
    assert to.port
    one = Passage(pace)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.add(task)
        await one.serve(reader, writer, str(to.hostname), int(to.port or 0))

    server = await asyncio.start_server(serve, listen, 0)
    one.url = f"http://{listen}:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        one.go_on()
        one.cut()
        server.close()
        await asyncio.gather(*serving, return_exceptions=True)
