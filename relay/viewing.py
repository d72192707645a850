"""One viewer's WebSocket: a reader for what it sends, a writer for what its outbox holds.

Close codes: 1000 the session is over for this viewer (an ``exit`` said why), 1001 the relay goes down, 1008 too slow.
"""

import asyncio
import logging
import socket
from contextlib import suppress
from datetime import UTC
from typing import Final

from aiohttp import WSMsgType, web

from loom.wire import SUBPROTOCOL_V2, TAG, Accepted, Ack, ClientMessage, Exit, Notice, Resize, WantRole, WireError
from relay.admission import Admitted
from relay.core.bucket import Bucket
from relay.core.dialects import V1, V2, Dialect
from relay.core.outbox import Item, Outbox
from relay.core.viewer import Typing, Viewer
from relay.letters import Letters
from relay.limits import CONTROL_COST, FRAME_COST
from relay.metrics import Metrics
from relay.resume import ResumeTokens
from relay.session import Place, Session

log = logging.getLogger(__name__)

#: Bytes of output that may wait for one viewer before it is served the screen instead.
QUEUE_LIMIT: Final = 4 * 1024 * 1024
#: Bytes that may wait in the kernel besides: those cannot be replaced by a repaint any more, and pings wait behind them.
_UNSENT: Final = 128 * 1024
#: Seconds between two repaints of one viewer, at least; more when so many of a session are painted that it would cost too much.
REPAINT_EVERY: Final = 0.05
_MANY: Final = 10
_LAST_WORDS: Final = 0.1
#: Seconds a viewer has to tell its size, so that the first thing it gets is drawn for it.
_TIME_TO_TELL_SIZE: Final = 0.25
#: Seconds that output may wait here before a viewer is shown how things are instead.
_LATE: Final = 1.0
#: Seconds after which output is not taken for the echo of what was typed.
_ECHO_WITHIN: Final = 1.0
_CLOSE_CODES: Final = {"drain": 1001, "slow": 1008}


async def view(
    websocket: web.WebSocketResponse,
    session: Session,
    admitted: Admitted,
    tokens: ResumeTokens,
    allowance: Bucket,
    metrics: Metrics,
    stall: float,
) -> None:
    """Serve an upgraded connection until either side ends it.

    ``allowance`` is what the user may send, here and elsewhere; ``stall`` the seconds a viewer may take to accept one frame.
    """
    news = asyncio.Event()
    _keep_queue_here(websocket)
    outbox = Outbox(QUEUE_LIMIT, news.set)
    place = await _take_place(session, admitted, outbox)
    expires_at = admitted.weaver_expires_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    viewer = Viewer(
        admitted.viewer_id,
        admitted.may,
        admitted.role,
        outbox,
        place.typing,
        admitted.resumed,
        admitted.user_id,
        expires_at,
    )
    letters = Letters(viewer, admitted, tokens)
    place.typing.moved = letters.acknowledge_soon
    session.join(viewer, admitted.weaver_expires_at)
    letters.renew_token()
    connection = _Connection(websocket, session, viewer, letters, news, allowance, metrics, stall)
    ready = asyncio.get_running_loop().call_later(_TIME_TO_TELL_SIZE, session.hub.ready, viewer)
    writer = asyncio.create_task(connection.write())
    reading = place.reading = asyncio.create_task(connection.read())
    try:
        await asyncio.wait({reading})
        if viewer.exit:
            await writer
    finally:
        ready.cancel()
        letters.close()
        reading.cancel()
        writer.cancel()
        if place.reading is reading:  # the place stays, and must not keep all of this
            place.reading, place.typing.moved = None, _nothing
        await session.leave(viewer)
    if not reading.cancelled():  # it is when the viewer came back on another connection
        reading.result()


def _nothing() -> None:
    """Nobody is here to be told."""


def _keep_queue_here(websocket: web.WebSocketResponse) -> None:
    """The kernel would take megabytes for a slow viewer. What is under way to a distant one is not bounded by this."""
    connection: socket.socket | None = websocket.get_extra_info("socket")
    if connection and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)


async def _take_place(session: Session, admitted: Admitted, outbox: Outbox) -> Place:
    """The viewer's place, which its earlier connection gives up: that may not know yet that it is cut."""
    came = None
    if admitted.input_id and not session.place(admitted.viewer_id):  # it was with another relay
        came = await session.came(admitted.input_id)
    place = session.place(admitted.viewer_id)
    while place and place.reading and not place.reading.done():  # again, should the viewer come twice at once
        place.reading.cancel()
        await asyncio.wait({place.reading})
    if not place:
        known = Typing(admitted.input_id, Accepted(came)) if admitted.input_id and came is not None else None
        place = session.new_place(admitted.viewer_id, known or Typing())
        if admitted.resumed:
            outbox.put(Ack(came or 0, fresh=not known))
    elif admitted.resumed and admitted.input_id == place.typing.id:
        outbox.put(Ack(place.typing.accepted.resume()))
    elif admitted.resumed:  # it never heard that counting began anew
        place.typing = Typing()
        outbox.put(Ack(0, fresh=True))
    return place


class _Connection:
    """One viewer's WebSocket from both ends."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        session: Session,
        viewer: Viewer,
        letters: Letters,
        news: asyncio.Event,
        allowance: Bucket,
        metrics: Metrics,
        stall: float,
    ) -> None:
        self._websocket = websocket
        self._dialect: Dialect = V2() if websocket.ws_protocol == SUBPROTOCOL_V2 else V1()
        self._session = session
        self._viewer = viewer
        self._letters = letters
        self._news = news
        self._allowance = allowance
        self._metrics = metrics
        self._stall = stall
        self._clock = asyncio.get_running_loop().time
        self._typed_at: float | None = None  # since then no output was sent
        self._repainted_at = float("-inf")
        self._waited_to, self._waited_from = 0, 0.0  # a position in the output, and since when bytes up to it wait

    async def read(self) -> None:
        """Take what the viewer sends, until it leaves. Whoever sends too much is not read for a while."""
        async for message in self._websocket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            try:
                meant = self._dialect.decode(message.data)
                await self._take(meant)
            except WireError as error:
                meant = None
                self._viewer.outbox.put(Notice(str(error)))
            cost = FRAME_COST * (1 + meant.count(TAG)) + len(meant) if isinstance(meant, bytes) else CONTROL_COST
            if wait := self._allowance.take(cost, self._clock()):
                self._metrics.waits.add()
                await asyncio.sleep(wait)

    async def _take(self, meant: ClientMessage | bytes) -> None:
        match meant:
            case Resize():
                await self._session.resized(self._viewer, meant)
            case WantRole(want):
                if await self._session.want_role(self._viewer, want):
                    self._letters.renew_token()
            case bytes():
                if self._viewer.role == "driver":
                    self._metrics.input.add(len(meant))
                    self._typed_at = self._typed_at or self._clock()
                await self._session.typed(self._viewer, meant)

    async def write(self) -> None:
        """Send what the viewer's outbox holds, until that is closed and empty, or the viewer takes nothing any more."""
        while (item := await self._next()) is not None:
            try:
                await _send(self._websocket, self._dialect.encode(item), self._stall)
            except TimeoutError:
                log.warning("a viewer took nothing for %.0f s: cut", self._stall)
                self._metrics.slow.add()
                await _cut(self._websocket, self._dialect)
                return
            except (ConnectionError, RuntimeError):  # closed meanwhile; the reader sees it too
                return
            if isinstance(item, bytes):
                self._count(len(item))
                self._look_at_the_time()
        left = self._viewer.exit
        await self._websocket.close(code=_CLOSE_CODES.get(left.reason, 1000) if left else 1000)

    async def _next(self) -> Item | None:
        """What is to be sent next, when there is something; a repaint when the viewer is due for one. None when that was all."""
        viewer, outbox = self._viewer, self._viewer.outbox
        while (item := outbox.take()) is None and not outbox.closed:
            due = self._due() if viewer.stale else None
            if due is not None and due <= 0:
                self._repainted_at = self._clock()
                self._session.hub.repaint(viewer)
                if outbox.size:
                    self._metrics.repaints.add()
                continue
            self._news.clear()
            if due is None:
                await self._news.wait()
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(due):
                        await self._news.wait()
        return item

    def _look_at_the_time(self) -> None:
        """Whether what is sent now had to wait too long. A whole screen may take its time."""
        outbox, now = self._viewer.outbox, self._clock()
        if self._viewer.painter or outbox.of_screens or outbox.taken >= self._waited_to:
            self._waited_to, self._waited_from = outbox.taken + outbox.size, now
        elif now - self._waited_from > _LATE:
            self._session.hub.fall_behind(self._viewer)

    def _due(self) -> float:
        """In how many seconds the next repaint may be."""
        every = REPAINT_EVERY * max(1.0, self._session.hub.painted / _MANY)
        return self._repainted_at + every - self._clock()

    def _count(self, sent: int) -> None:
        self._metrics.sent.add(sent)
        if self._typed_at is not None:
            took = self._clock() - self._typed_at
            self._typed_at = None
            if took <= _ECHO_WITHIN:
                self._metrics.echo.observe(took)


async def _send(websocket: web.WebSocketResponse, frame: str | bytes | None, within: float) -> None:
    """Raises TimeoutError when the viewer does not take it, ConnectionError or RuntimeError when it is gone."""
    async with asyncio.timeout(within):
        if isinstance(frame, str):
            await websocket.send_str(frame)
        elif frame is not None:
            await websocket.send_bytes(frame)


async def _cut(websocket: web.WebSocketResponse, dialect: Dialect) -> None:
    """End a connection that is stuck; the reason is behind what it was sent, should it come back to life at once."""
    with suppress(TimeoutError, ConnectionError, RuntimeError):
        await _send(websocket, dialect.encode(Exit("slow")), _LAST_WORDS)
    await websocket.close(code=_CLOSE_CODES["slow"], message=b"slow", drain=False)
