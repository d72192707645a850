"""Viewers that came to a relay which does not own their session: their WebSocket is passed on to the one that does.

The owner admits them: it gets the request as it came, ticket or resume token included, so that a ticket is used once whichever
relay it is shown to. A header says that a relay passed it on, and keeps two relays that disagree for a moment from passing it
to and fro.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeAlias

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, WSMsgType, web

from relay.limits import FRAME_LIMIT, Connections
from relay.metrics import Count
from relay.owner import Peers
from relay.refusals import Refusal

log = logging.getLogger(__name__)

_PASSED_ON: Final = "Loom-Relay"
#: Of the viewer's request; the owner looks at nothing else.
_HEADERS: Final = ("Authorization", "Origin", "Host", "User-Agent", "X-Forwarded-For")
_CONNECT: Final = aiohttp.ClientTimeout(total=None, sock_connect=2.0)
#: Seconds in which the owner admits or refuses; it may have to ask the API.
_ANSWER: Final = 15.0
_LOOK_EVERY: Final = 0.2
#: Seconds a viewer may take to accept one frame: the owner cuts it before that.
_STALL: Final = 35.0
_GOING: Final = 1001

_Leg: TypeAlias = "web.WebSocketResponse | aiohttp.ClientWebSocketResponse"


class Forwarding:
    """``key`` is the deployment's secret; ``ping`` the seconds between pings on both legs; ``passed`` counts bytes."""

    def __init__(self, peers: Peers, connections: Connections, passed: Count, key: str, ping: float) -> None:
        self._peers = peers
        self._connections = connections
        self._passed = passed
        self._key = hashlib.sha256(b"loom relay passes on\0" + key.encode()).digest()
        self._ping = ping
        self._http = aiohttp.ClientSession(timeout=_CONNECT, middlewares=[_refusals])
        self._open: dict[web.WebSocketResponse, tuple[str, Sequence[asyncio.Task[None]]]] = {}

    async def forward(self, request: web.Request, weaver_id: str) -> web.WebSocketResponse | None:
        """Serve the viewer through the owner until it leaves; None when the session is this relay's own.

        Raises Refusal, the owner's, or because this relay has too many connections. An owner that is not there, or goes
        down, is none: the next one is asked.
        """
        if self._came_from_relay(request, weaver_id) or self._peers.owns(weaver_id):
            return None
        with self._connections.hold_forwarded():  # from before the owner is asked: whoever it is, that costs, too
            return await self._through_owner(request, weaver_id)

    async def _through_owner(self, request: web.Request, weaver_id: str) -> web.WebSocketResponse | None:
        while not self._peers.owns(weaver_id):
            owner = self._peers.owner(weaver_id)
            try:
                upstream = await self._answer(owner, self._connect(owner, request, weaver_id))
            except Refusal as refusal:
                if refusal.code != "draining":
                    raise
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = type(error).__name__  # not its text: that may hold the URL, and the URL a ticket
                log.warning("the owner cannot be reached: %s", why, extra={"fields": {"relay": owner}})
            else:
                return await self._pass_on(owner, request, upstream)
            self._peers.lost(owner)
        return None

    def keep(self) -> None:
        """Cut whom a relay served that is gone without a word: it may be long until a connection says so."""
        for owner, ways in self._open.values():
            if not self._peers.lives(owner):
                for way in ways:
                    way.cancel()

    async def send_away(self) -> None:
        """This relay goes down: the viewers come back through another one. Their sessions stay where they are."""
        await asyncio.gather(*(websocket.close(code=_GOING) for websocket in self._open))

    async def close(self) -> None:
        """Ends every connection to other relays."""
        await self._http.close()

    async def _answer(
        self, owner: str, connect: Coroutine[Any, Any, aiohttp.ClientWebSocketResponse]
    ) -> aiohttp.ClientWebSocketResponse:
        """What the owner answers. Raises as ``connect``, and TimeoutError when it is silent for long, or gone meanwhile."""
        connecting = asyncio.create_task(connect)
        try:
            async with asyncio.timeout(_ANSWER):
                while not connecting.done() and self._peers.lives(owner):
                    await asyncio.wait([connecting], timeout=_LOOK_EVERY)
            if not connecting.done():
                raise TimeoutError
            return connecting.result()
        finally:
            connecting.cancel()

    async def _connect(self, owner: str, request: web.Request, weaver_id: str) -> aiohttp.ClientWebSocketResponse:
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
        return await self._http.ws_connect(
            f"{owner}/api/weaver/{weaver_id}/attach",
            params=request.query,
            headers={**headers, _PASSED_ON: self._proof(weaver_id)},
            protocols=[one.strip() for one in offered.split(",") if one.strip()],
            autoclose=False,
            heartbeat=self._ping,
            max_msg_size=0,
            compress=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )

    async def _pass_on(
        self, owner: str, request: web.Request, upstream: aiohttp.ClientWebSocketResponse
    ) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(
            protocols=[upstream.protocol] if upstream.protocol else [],
            heartbeat=self._ping,
            max_msg_size=FRAME_LIMIT,
            compress=False,
            timeout=2.0,
        )
        ways: list[asyncio.Task[None]] = []
        try:
            await websocket.prepare(request)
            ways = [
                asyncio.create_task(_pass(websocket, upstream, self._passed)),
                asyncio.create_task(_pass(upstream, websocket, self._passed)),
            ]
            self._open[websocket] = owner, ways
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.pop(websocket, None)
            for way in ways:
                way.cancel()
            await upstream.close()
        code = upstream.close_code if upstream.close_code in (1000, 1001, 1008, 1009) else _GOING
        await websocket.close(code=code, drain=False)
        return websocket

    def _proof(self, weaver_id: str) -> str:
        return hmac.new(self._key, weaver_id.encode(), hashlib.sha256).hexdigest()

    def _came_from_relay(self, request: web.Request, weaver_id: str) -> bool:
        return hmac.compare_digest(request.headers.get(_PASSED_ON, "").encode(), self._proof(weaver_id).encode())


async def _pass(source: _Leg, sink: _Leg, passed: Count) -> None:
    """Frames as they come, until either leg is over."""
    try:
        async for message in source:
            async with asyncio.timeout(_STALL):
                if message.type is WSMsgType.TEXT:
                    await sink.send_str(message.data)
                    passed.add(len(message.data.encode()))
                elif message.type is WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                    passed.add(len(message.data))
    except (
        aiohttp.ClientError,
        ConnectionError,
        RuntimeError,
        TimeoutError,
    ):  # aiohttp says RuntimeError for a closed one
        log.debug("a leg of a connection is over")


async def _refusals(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A middleware of aiohttp's client: what is no WebSocket is a Refusal, with the owner's own words."""
    response = await handler(request)
    if response.status == 101:
        return response
    try:
        error: dict[str, Any] = json.loads(await response.text())["error"]
        raise Refusal(response.status, str(error["code"]), str(error["message"]), error.get("details"))
    except (ValueError, KeyError, TypeError) as wrong:
        raise aiohttp.ClientError(f"the owner answers {response.status}") from wrong
