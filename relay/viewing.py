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

from loom.wire import SUBPROTOCOL_V2, Ack, Exit, Notice, Resize, Resume, WantRole, WireError
from relay.admission import Admitted
from relay.core.dialects import V1, V2, Dialect
from relay.core.hub import Viewer
from relay.core.outbox import Item, Outbox
from relay.resume import RENEW_EVERY, ResumeClaims, ResumeTokens
from relay.session import Place, Session

log = logging.getLogger(__name__)

#: Bytes of output that may wait for one viewer before it is served the screen instead.
QUEUE_LIMIT: Final = 4 * 1024 * 1024
#: Bytes that may wait in the kernel besides: those cannot be replaced by a repaint any more, and pings wait behind them.
_UNSENT: Final = 128 * 1024
#: Seconds between two repaints of one viewer, at least.
REPAINT_EVERY: Final = 0.05
#: Seconds a viewer may take to accept one frame.
_STALL: Final = 30.0
_LAST_WORDS: Final = 0.1
#: Seconds a viewer has to tell its size, so that the first thing it gets is drawn for it.
_TIME_TO_TELL_SIZE: Final = 0.25
#: Seconds.
_ACKNOWLEDGE_AFTER: Final = 0.02
_CLOSE_CODES: Final = {"drain": 1001, "slow": 1008}


async def view(websocket: web.WebSocketResponse, session: Session, admitted: Admitted, tokens: ResumeTokens) -> None:
    """Serve an upgraded connection until either side ends it."""
    dialect: Dialect = V2() if websocket.ws_protocol == SUBPROTOCOL_V2 else V1()
    news = asyncio.Event()
    _keep_queue_here(websocket)
    outbox = Outbox(QUEUE_LIMIT, news.set)
    place = await _take_place(session, admitted, outbox)
    expires_at = admitted.weaver_expires_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    viewer = Viewer(
        admitted.viewer_id, admitted.may, admitted.role, outbox, place.typing, admitted.resumed, expires_at=expires_at
    )
    letters = Letters(viewer, admitted, tokens)
    place.typing.moved = letters.acknowledge_soon
    session.join(viewer, admitted.weaver_expires_at)
    letters.renew_token()
    ready = asyncio.get_running_loop().call_later(_TIME_TO_TELL_SIZE, session.hub.ready, viewer)
    writer = asyncio.create_task(_write(websocket, session, viewer, dialect, news))
    reading = place.reading = asyncio.create_task(_read(websocket, session, viewer, dialect, letters))
    try:
        await asyncio.wait({reading})
        if viewer.exit:
            await writer
    finally:
        ready.cancel()
        letters.close()
        reading.cancel()
        writer.cancel()
        await session.leave(viewer)
    if not reading.cancelled():  # it is when the viewer came back on another connection
        reading.result()


def _keep_queue_here(websocket: web.WebSocketResponse) -> None:
    """The kernel would take megabytes for a slow viewer. What is under way to a distant one is not bounded by this."""
    connection: socket.socket | None = websocket.get_extra_info("socket")
    if connection and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)


async def _take_place(session: Session, admitted: Admitted, outbox: Outbox) -> Place:
    """The viewer's place, which its earlier connection gives up: that may not know yet that it is cut."""
    place = session.place(admitted.viewer_id)
    while place and place.reading and not place.reading.done():  # again, should the viewer come twice at once
        place.reading.cancel()
        await asyncio.wait({place.reading})
    if admitted.resumed:
        outbox.put(Ack(place.typing.accepted.resume()) if place else Ack(0, fresh=True))
    return place or session.new_place(admitted.viewer_id)


class Letters:
    """What one viewer is sent beside output and status: acknowledgements, and a resume token before the last one ends."""

    def __init__(self, viewer: Viewer, admitted: Admitted, tokens: ResumeTokens) -> None:
        self._viewer = viewer
        self._admitted = admitted
        self._tokens = tokens
        self._acknowledged = viewer.typing.accepted.position
        self._soon: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._closed = False

    def acknowledge_soon(self) -> None:
        """Together with what is typed within a moment: an echo should not wait behind it."""
        if not self._soon and not self._closed:
            self._soon = asyncio.get_running_loop().call_later(_ACKNOWLEDGE_AFTER, self._acknowledge)

    def renew_token(self) -> None:
        """A token that tells the viewer's role of now, and from now on a new one in time."""
        if self._renewal:
            self._renewal.cancel()
        claims = ResumeClaims(
            viewer_id=self._viewer.id,
            weaver_id=self._admitted.weaver_id,
            sub=self._admitted.user_id,
            may=self._viewer.may,
            role=self._viewer.role,
        )
        self._viewer.outbox.put(Resume(self._tokens.issue(claims)))
        self._renewal = asyncio.get_running_loop().call_later(RENEW_EVERY.total_seconds(), self.renew_token)

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        for timer in (self._soon, self._renewal):
            if timer:
                timer.cancel()

    def _acknowledge(self) -> None:
        self._soon = None
        position = self._viewer.typing.accepted.position
        if position != self._acknowledged:
            self._acknowledged = position
            self._viewer.outbox.put(Ack(position))


async def _read(
    websocket: web.WebSocketResponse, session: Session, viewer: Viewer, dialect: Dialect, letters: Letters
) -> None:
    async for message in websocket:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        try:
            meant = dialect.decode(message.data)
        except WireError as error:
            viewer.outbox.put(Notice(str(error)))
            continue
        match meant:
            case Resize():
                await session.resized(viewer, meant)
            case WantRole(want):
                if await session.want_role(viewer, want):
                    letters.renew_token()
            case bytes():
                await session.typed(viewer, meant)


async def _write(
    websocket: web.WebSocketResponse, session: Session, viewer: Viewer, dialect: Dialect, news: asyncio.Event
) -> None:
    while (item := await _next(session, viewer, news)) is not None:
        try:
            await _send(websocket, dialect.encode(item), _STALL)
        except TimeoutError:
            log.warning("a viewer took nothing for %.0f s: cut", _STALL)
            await _cut(websocket, dialect)
            return
        except (ConnectionError, RuntimeError):  # closed meanwhile; the reader sees it too
            return
    await websocket.close(code=_CLOSE_CODES.get(viewer.exit.reason, 1000) if viewer.exit else 1000)


async def _next(session: Session, viewer: Viewer, news: asyncio.Event) -> Item | None:
    """What the viewer is sent next, when there is something; a repaint when it is due for one. None when that was all."""
    clock = asyncio.get_running_loop().time
    while (item := viewer.outbox.take()) is None and not viewer.outbox.closed:
        due = viewer.repainted_at + REPAINT_EVERY - clock() if viewer.stale else None
        if due is not None and due <= 0:
            viewer.repainted_at = clock()
            session.hub.repaint(viewer)
        else:
            news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(due):
                    await news.wait()
    return item


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
