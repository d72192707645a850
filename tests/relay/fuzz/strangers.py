"""What strangers do. Each raises AssertionError when the relay lets them, or says something that it should not."""

import asyncio
import base64
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from loom.wire import SUBPROTOCOL_V2
from tests.relay.relay_process import Viewer
from tests.relay.setup import Setup

_OTHER_KEY = Ed25519PrivateKey.generate()
#: A frame that the relay takes may have no more bytes.
_FRAME_LIMIT = 1024 * 1024
#: Seconds after which a connection that waits for more is left.
_PATIENCE = 0.05


@dataclass
class Stranger:
    """One who comes, and has a ``rng`` of its own. ``resume`` is a token that somebody had before."""

    setup: Setup
    rng: random.Random
    resume: str

    def noise(self, longest: int = 200) -> bytes:
        return self.rng.randbytes(self.rng.randrange(longest))

    def ticket(self, **claims: Any) -> str:
        return self.setup.control_plane.ticket(self.setup.weaver_id, sub=f"user-{self.rng.randrange(50)}", **claims)

    async def refused(self, *protocols: str, ticket: str | None = None, among: tuple[int, ...]) -> None:
        """The upgrade is answered with one of these."""
        headers = {"Authorization": f"Bearer {ticket}"} if ticket is not None else {}
        url = self.setup.relay.attach_url(self.setup.weaver_id)
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await self.setup.relay.http.ws_connect(url, headers=headers, protocols=protocols)
        assert error.value.status in among

    async def let_in(self, protocol: str | None = SUBPROTOCOL_V2) -> Viewer:
        return await self.setup.relay.viewer(self.setup.weaver_id, self.ticket(), protocol)

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        to = urlsplit(self.setup.relay.url)
        return await asyncio.open_connection(to.hostname, to.port)


async def wrong_subprotocol(one: Stranger) -> None:
    name = one.rng.choice(["loom.terminal.v3", "v5.channel.k8s.io", "mqtt", "ticket", "x" * 3000])
    await one.refused(name, ticket=one.ticket(), among=(400,))


async def ticket_of_another_action(one: Stranger) -> None:
    await one.refused(ticket=one.ticket(action=one.rng.choice(["exec", "logs", "events", "tcp"])), among=(403,))


async def ticket_of_another_weaver(one: Stranger) -> None:
    await one.refused(ticket=one.ticket(weaver_id="01a2030e-8a89-72c3-89cd-000000000000"), among=(403,))


async def expired_ticket(one: Stranger) -> None:
    await one.refused(ticket=one.ticket(exp=int(time.time()) - one.rng.randrange(60, 10**9)), among=(401,))


async def forged_ticket(one: Stranger) -> None:
    await one.refused(ticket=one.ticket(key=_OTHER_KEY), among=(401,))


async def spoiled_ticket(one: Stranger) -> None:
    ticket = bytearray(one.ticket().encode())
    at = one.rng.randrange(len(ticket) - 2)  # the last character has bits that count for nothing
    ticket[at] = one.rng.choice([other for other in b"abcXYZ019-_." if other != ticket[at]])
    await one.refused(ticket=ticket.decode(), among=(401, 403, 404))


async def claims_of_wrong_kinds(one: Stranger) -> None:
    name = one.rng.choice(["sub", "jti", "iat", "exp", "weaver_id", "action", "role", "weaver_expires_at"])
    value: Any = one.rng.choice([None, [], {}, True, -(10**30), 1e308, "\ud800", "x" * 2000])
    ticket = one.setup.control_plane.ticket(one.setup.weaver_id, **{name: value, "aud": "somebody"})
    await one.refused(ticket=ticket, among=(401, 403))


async def replayed_ticket(one: Stranger) -> None:
    ticket = one.ticket()
    viewer = await one.setup.relay.viewer(one.setup.weaver_id, ticket)
    await one.refused(ticket=ticket, among=(401,))
    viewer.cut()


async def spoiled_resume_token(one: Stranger) -> None:
    token = one.resume[: one.rng.randrange(len(one.resume) - 1)] + one.rng.choice(["", "A", ".", "A.B.C"])
    await one.refused(SUBPROTOCOL_V2, f"resume.{token}", among=(401, 403, 404))


async def ticket_as_resume_token(one: Stranger) -> None:
    await one.refused(SUBPROTOCOL_V2, f"resume.{one.ticket()}", among=(401,))


async def resume_token_as_ticket(one: Stranger) -> None:
    await one.refused(ticket=one.resume, among=(401,))


async def resume_token_again_and_again(one: Stranger) -> None:
    """It is the viewer's as long as it lasts: a new connection takes the place of the one before."""
    viewer = await one.setup.relay.comes_back(one.setup.weaver_id, one.resume)
    await viewer.until(type="ack")
    viewer.cut()


async def random_messages(one: Stranger) -> None:
    """Of the protocol's form, with anything in them."""
    viewer = await one.let_in(one.rng.choice([SUBPROTOCOL_V2, None]))
    values: list[Any] = [
        0,
        -1,
        24,
        10**40,
        1.5,
        "",
        "driver",
        "observer",
        None,
        [],
        {},
        True,
        "\x00" * 50,
        [[[[]]]] * 3,
    ]
    with suppress(aiohttp.ClientConnectionResetError):
        for _ in range(one.rng.randrange(1, 6)):
            message: dict[str, Any] = {"type": one.rng.choice(["resize", "role", "ack", "exit", "input", "", None, 7])}
            message |= {name: one.rng.choice(values) for name in one.rng.sample(["rows", "cols", "want", "data"], 2)}
            text = one.rng.choice([json.dumps(message), json.dumps(values), "{" * 4000, "[" * 4000, "nonsense", ""])
            await viewer.websocket.send_str(text)
            await viewer.websocket.send_bytes(one.noise())
    await leave(one, viewer)


async def huge_frame(one: Stranger) -> None:
    viewer = await one.let_in()
    with suppress(aiohttp.ClientConnectionResetError):
        await viewer.type(b"x" * (_FRAME_LIMIT + 1 + one.rng.randrange(1000)))
    assert await viewer.until_closed() in (1009, 1006)


async def bytes_that_are_no_frames(one: Stranger) -> None:
    reader, writer = await one.raw()
    key = base64.b64encode(one.rng.randbytes(16)).decode()
    writer.write(
        f"GET /api/weaver/{one.setup.weaver_id}/attach?ticket={one.ticket()} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(one.noise(2000))
    await take_what_comes(reader, writer)


async def bytes_that_are_no_request(one: Stranger) -> None:
    reader, writer = await one.raw()
    noise = one.rng.choice(
        [
            one.noise(3000),
            b"GET / HTTP/1.1\r\n" + one.noise() + b"\r\n\r\n",
            b"GET /api/weaver/x/attach HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
            b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ]
    )
    writer.write(noise)
    await take_what_comes(reader, writer)


async def any_door(one: Stranger) -> None:
    path = one.rng.choice(
        ["healthz", "readyz", "metrics", "t/x", "api/weaver/x/events", "api/weaver/%00/attach", "%2e%2e/"]
    )
    method = one.rng.choice(["GET", "POST", "DELETE", "HEAD", "OPTIONS"])
    async with one.setup.relay.http.request(method, f"{one.setup.relay.url}/{path}", data=one.noise()) as response:
        assert response.status < 500 or response.status == 501


async def leave(one: Stranger, viewer: Viewer) -> None:
    """As one should, or without a word."""
    if one.rng.random() < 0.5:
        viewer.cut()
    else:
        await viewer.websocket.close()


async def take_what_comes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the relay ends it, or waits for more."""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            while await reader.read(65536):
                pass
    writer.transport.abort()


STRANGERS: tuple[Callable[[Stranger], Awaitable[None]], ...] = (
    wrong_subprotocol,
    ticket_of_another_action,
    ticket_of_another_weaver,
    expired_ticket,
    forged_ticket,
    spoiled_ticket,
    claims_of_wrong_kinds,
    replayed_ticket,
    spoiled_resume_token,
    ticket_as_resume_token,
    resume_token_as_ticket,
    resume_token_again_and_again,
    random_messages,
    huge_frame,
    bytes_that_are_no_frames,
    bytes_that_are_no_request,
    any_door,
)
