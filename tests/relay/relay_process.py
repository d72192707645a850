"""The real relay as a process, and viewers of it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from loom.wire import SUBPROTOCOL_V2

DEADLINE = 25.0


@dataclass
class Relay:
    """A running ``python -m relay``."""

    url: str
    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
    log: list[str]

    def attach_url(self, weaver_id: str) -> str:
        return f"{self.url}/api/weaver/{weaver_id}/attach"

    async def viewer(self, weaver_id: str, ticket: str, protocol: str | None = SUBPROTOCOL_V2) -> "Viewer":
        """Connect with a ticket; v2 unless told otherwise."""
        websocket = await self.http.ws_connect(
            self.attach_url(weaver_id),
            headers={"Authorization": f"Bearer {ticket}"},
            protocols=[protocol] if protocol else [],
        )
        return Viewer(websocket)

    async def comes_back(self, weaver_id: str, token: str, ticket: str | None = None) -> "Viewer":
        """Connect with a resume token, and a ticket if there is one."""
        websocket = await self.http.ws_connect(
            self.attach_url(weaver_id),
            headers={"Authorization": f"Bearer {ticket}"} if ticket else {},
            protocols=[SUBPROTOCOL_V2, f"resume.{token}"],
        )
        return Viewer(websocket)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), DEADLINE)


@dataclass
class Viewer:
    """A v2 client that keeps what it was sent."""

    websocket: aiohttp.ClientWebSocketResponse
    output: bytearray = field(default_factory=bytearray)
    messages: list[dict[str, Any]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)  # "bytes", or the type of what is for people; neighbours merged

    async def resize(self, rows: int, cols: int) -> None:
        await self.websocket.send_str(json.dumps({"type": "resize", "rows": rows, "cols": cols}))

    async def type(self, data: bytes) -> None:
        await self.websocket.send_bytes(data)

    async def want(self, role: str) -> None:
        await self.websocket.send_str(json.dumps({"type": "role", "want": role}))

    async def token(self) -> str:
        """The newest resume token."""
        await self.until(type="resume")
        return str([message["token"] for message in self.messages if message["type"] == "resume"][-1])

    def cut(self) -> None:
        """The connection is gone, without a word."""
        transport = self.websocket._response.connection and self.websocket._response.connection.transport
        assert transport
        transport.abort()

    async def next(self) -> bool:
        """Take one frame; False when the connection is closed."""
        message = await self.websocket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            self.output += message.data
            kind = "bytes"
        elif message.type is aiohttp.WSMsgType.TEXT:
            self.messages.append(json.loads(message.data))
            kind = self.messages[-1]["type"]
        else:
            return False
        if self.order[-1:] != [kind] and kind not in ("resume", "ack"):
            self.order.append(kind)
        return True

    async def until_output(self, data: bytes) -> None:
        async with asyncio.timeout(DEADLINE):
            while data not in self.output:
                assert await self.next(), f"closed; got {bytes(self.output)!r} {self.messages}"

    async def until(self, **fields: Any) -> dict[str, Any]:
        """The first message, old or new, that has these fields."""
        seen = 0
        async with asyncio.timeout(DEADLINE):
            while True:
                for message in self.messages[seen:]:
                    if fields.items() <= message.items():
                        return message
                seen = len(self.messages)
                assert await self.next(), f"closed; got {self.messages}"

    async def until_closed(self) -> int | None:
        """The close code."""
        async with asyncio.timeout(DEADLINE):
            while await self.next():
                pass
        return self.websocket.close_code


@asynccontextmanager
async def running_relay(environment: Mapping[str, str], inside: Sequence[str] = ()) -> AsyncIterator[Relay]:
    """A relay that listens on a free port, ended afterwards. ``inside`` is a command that runs the one that follows it."""
    process = await asyncio.create_subprocess_exec(
        *(*inside, sys.executable, "-m", "relay"),
        env={**os.environ, "LOOM_RELAY_LISTEN": "127.0.0.1:0", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    log: list[str] = []
    reading = asyncio.create_task(_keep(process.stderr, log))
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), DEADLINE)).decode()
        assert line.startswith("ready http://"), "".join(log)
        async with aiohttp.ClientSession() as http:
            yield Relay(line.removeprefix("ready ").strip(), process, http, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _keep(stream: asyncio.StreamReader, log: list[str]) -> None:
    while line := await stream.readline():
        log.append(line.decode())
