"""Replays what a recorded client sent, and tells what came back in the form in which two transcripts can be compared.

Not compared, because it depends on time: how output is cut into frames, where the empty frame comes, the order of stdout and
stderr among each other, what a shell redraws of its prompt. Not compared, because it is another machine: ids, the prompt.
"""

import asyncio
import contextlib
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

DEADLINE: Final = 20.0
#: How long it must stay silent where the recording was silent for seconds.
SILENCE: Final = 0.3
#: What a terminal gets besides the text of its lines, a prompt included.
_DECORATION: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|bash-[\d.]+[$#] ?|(?m:^)[$#] |\r")
_PROMPT: Final = re.compile(rb"[$#] (\x1b\[K)?$")
_ID: Final = re.compile(r"[0-9a-f]{64}")

#: What came in this many seconds after the client sent was on its way already: no program answers so fast.
_AT_ONCE: Final = 0.001

Frame = Mapping[str, Any]


@dataclass
class Transcript:
    """``outputs`` by channel; ``ended`` when the server closed the connection, with the code it gave."""

    http_status: int
    subprotocol: str | None = None
    outputs: dict[int, bytes] = field(default_factory=dict)
    ended: int | None = None

    def add(self, channel: int, data: bytes) -> None:
        self.outputs[channel] = self.outputs.get(channel, b"") + data

    def comparable(self) -> object:
        texts = {channel: _DECORATION.sub("", _text(data)) for channel, data in self.outputs.items() if channel != 3}
        shown = {channel: text.strip("\n") for channel, text in texts.items() if text.strip("\n")}
        status = json.loads(_ID.sub("…", self.outputs[3].decode())) if 3 in self.outputs else None
        return self.http_status, self.subprotocol, shown, status, self.ended

    def has_text(self, text: str) -> bool:
        return text.encode() in self.outputs.get(1, b"")

    def has_all_of(self, other: "Transcript") -> bool:
        mine, theirs = self.comparable(), other.comparable()
        assert isinstance(mine, tuple)
        assert isinstance(theirs, tuple)
        has_text = all(mine[2].get(channel, "").startswith(text) for channel, text in theirs[2].items())
        return has_text and (
            not _PROMPT.search(other.outputs.get(1, b"")) or bool(_PROMPT.search(self.outputs.get(1, b"")))
        )


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def data_of(frame: Frame) -> bytes:
    """Large output was recorded as its beginning and its length."""
    data = b64decode(frame["data"]) if frame.get("encoding") == "base64" else str(frame["data"]).encode()
    return data * (frame["data_length"] // len(data)) if "data_length" in frame else data


def recorded_transcript(frames: Sequence[Frame]) -> Transcript:
    """What the recorded client got."""
    opened = frames[0]
    found = Transcript(opened["status"], opened.get("subprotocol") or None)
    closed_first = next((frame["dir"] for frame in frames if frame.get("opcode") == "close"), None)
    for frame in frames[1:]:
        _take(found, frame)
    found.ended = 1000 if closed_first == "in" else None
    return found


def _take(found: Transcript, frame: Frame) -> None:
    if frame["dir"] == "in" and frame.get("channel") is not None:
        found.add(frame["channel"], data_of(frame))


class Client:
    """One connection; ``got`` grows as it is read."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.got = Transcript(101, socket.protocol)
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def send(self, channel: int | None, data: bytes, *, text: bool = False) -> None:
        raw = b"" if channel is None else bytes((channel,)) + data
        with contextlib.suppress(ConnectionResetError):  # the server closed it: what was got says so
            await (self.socket.send_str(raw.decode()) if text else self.socket.send_bytes(raw))

    async def until_it_has(self, expected: Transcript) -> None:
        await self.until(lambda: self.got.has_all_of(expected))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Or until DEADLINE or the connection's end: the comparison will tell what is missing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE):
                while not holds() and not self._reading.done():
                    self._changed.clear()
                    await self._changed.wait()

    async def until_closed(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE):
                await asyncio.shield(self._reading)

    async def stay_silent(self) -> None:
        """Time for what must not come."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), SILENCE)

    async def close(self) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await self.socket.close()

    async def _read(self) -> None:
        while True:
            message = await self.socket.receive()
            if message.type is WSMsgType.BINARY:
                self.got.add(message.data[0], message.data[1:])
            elif message.type is WSMsgType.CLOSE:
                self.got.ended = message.data
            self._changed.set()
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                return


async def connect(http: aiohttp.ClientSession, path: str, offered: str) -> Client | Transcript:
    """A transcript when it is refused."""
    protocols = tuple(word.strip() for word in offered.split(","))
    try:
        return Client(await http.ws_connect(path, protocols=protocols, autoclose=False))
    except aiohttp.WSServerHandshakeError as error:
        return Transcript(error.status)


def steps(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Transcript]]:
    """What the client did, each with what it had got before."""
    for frame in frames:
        if frame["dir"] in ("out", "note"):
            before = Transcript(101)
            for other in frames[1:]:
                if other["t"] < frame["t"] + _AT_ONCE:
                    _take(before, other)
            yield frame, before
