"""One viewer's WebSocket: a reader for what it sends, a writer for what its outbox holds.

Close codes: 1000 the session is over for this viewer (an ``exit`` said why), 1001 the relay goes down, 1008 too slow.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC
from typing import Final

from aiohttp import WSMsgType, web

from chalicelib.domain.tickets import TicketClaims
from loom.wire import SUBPROTOCOL_V2, Exit, Notice, Resize, WireError
from relay.core.dialects import V1, V2, Dialect
from relay.core.hub import Viewer
from relay.core.outbox import Outbox
from relay.session import Session

log = logging.getLogger(__name__)

#: Bytes of output that may wait for one viewer before it is served the screen instead.
QUEUE_LIMIT: Final = 4 * 1024 * 1024
#: Seconds a viewer may take to accept one frame.
_STALL: Final = 30.0
_LAST_WORDS: Final = 0.1
#: Seconds a viewer has to tell its size, so that the first thing it gets is drawn for it.
_TIME_TO_TELL_SIZE: Final = 0.25
_CLOSE_CODES: Final = {"drain": 1001, "slow": 1008}


async def view(websocket: web.WebSocketResponse, session: Session, claims: TicketClaims) -> None:
    """Serve an upgraded connection until either side ends it."""
    dialect: Dialect = V2() if websocket.ws_protocol == SUBPROTOCOL_V2 else V1()
    news = asyncio.Event()
    viewer = Viewer(
        role=claims.role,
        outbox=Outbox(QUEUE_LIMIT, news.set),
        expires_at=claims.weaver_expires_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    session.join(viewer, claims.weaver_expires_at)
    ready = asyncio.get_running_loop().call_later(_TIME_TO_TELL_SIZE, session.hub.ready, viewer)
    writer = asyncio.create_task(_write(websocket, session, viewer, dialect, news))
    try:
        await _read(websocket, session, viewer, dialect)
        if viewer.exit:
            await writer
    finally:
        ready.cancel()
        writer.cancel()
        await session.leave(viewer)


async def _read(websocket: web.WebSocketResponse, session: Session, viewer: Viewer, dialect: Dialect) -> None:
    async for message in websocket:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        try:
            meant = dialect.decode(message.data)
        except WireError as error:
            viewer.outbox.put(Notice(str(error)))
            continue
        if isinstance(meant, Resize):
            await session.resized(viewer, meant)
        else:
            await session.typed(viewer, meant)


async def _write(
    websocket: web.WebSocketResponse, session: Session, viewer: Viewer, dialect: Dialect, news: asyncio.Event
) -> None:
    outbox = viewer.outbox
    while True:
        item = outbox.take()
        if item is None:
            if viewer.behind:
                session.hub.caught_up(viewer)
            elif outbox.closed:
                break
            else:
                news.clear()
                await news.wait()
            continue
        frame = dialect.encode(item)
        try:
            await _send(websocket, frame, _STALL)
        except TimeoutError:
            log.warning("a viewer took nothing for %.0f s: cut", _STALL)
            await _cut(websocket, dialect)
            return
        except (ConnectionError, RuntimeError):  # closed meanwhile; the reader sees it too
            return
    await websocket.close(code=_CLOSE_CODES.get(viewer.exit.reason, 1000) if viewer.exit else 1000)


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
