"""The sessions of this relay: one for each weaver that has, or had within the linger time, a viewer."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aiohttp import web

from loom.wire import VIEWER_OVER, Exit
from relay.admission import Admitted
from relay.core.bucket import Bucket
from relay.kube import Kube
from relay.metrics import Metrics
from relay.refusals import Refusal
from relay.resume import LIFETIME, ResumeTokens
from relay.session import Session
from relay.viewing import view

log = logging.getLogger(__name__)

#: Seconds in which what was typed into a session that moves still goes its way.
_MOVE: Final = 0.5


class Sessions:
    """``linger`` is how many seconds a session without viewers keeps its stream, ``stall`` how many a viewer may take nothing."""

    def __init__(
        self,
        kube: Kube,
        report: Callable[[str], None],
        now: Callable[[], datetime],
        linger: float,
        stall: float,
        tokens: ResumeTokens,
        metrics: Metrics,
    ) -> None:
        self._kube = kube
        self._report = report
        self._now = now
        self._linger = linger
        self._stall = stall
        self._tokens = tokens
        self._metrics = metrics
        self._over: dict[str, tuple[Exit, datetime]] = {}  # viewers that are not to come back, until their tokens end
        self._running: dict[str, tuple[Session, asyncio.Task[None]]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._viewing: dict[asyncio.Task[None], Session] = {}  # what serves a viewer, also before it has joined
        self.draining = False

    def check(self, admitted: Admitted) -> None:
        """Raises Refusal for a viewer that comes back although its session is over for it."""
        session, _ = self._running.get(admitted.weaver_id, (None, None))
        over = _dismissed(session) if session else {}
        remembered, _ = self._over.get(admitted.viewer_id, (None, None))
        if left := over.get(admitted.viewer_id) or remembered:
            details = {"reason": left.reason, **({} if left.code is None else {"code": left.code})}
            raise Refusal(409, VIEWER_OVER, f"the session is over for this viewer: {left.reason}", details)

    @property
    def sessions(self) -> list[Session]:
        """Those that are kept."""
        return [session for session, _ in self._running.values()]

    @property
    def viewing(self) -> int:
        """How many viewers are served."""
        return len(self._viewing)

    async def view(self, websocket: web.WebSocketResponse, admitted: Admitted, allowance: Bucket) -> None:
        """Serve one viewer until its connection ends. ``allowance`` is what its user may send."""
        weaver_id = admitted.weaver_id
        session = self._session(weaver_id)
        if self.draining:  # since the door was passed
            session.send_away()
        fields = {"weaver_id": weaver_id, "user_id": admitted.user_id, "role": admitted.role}
        log.info("a viewer came back" if admitted.resumed else "a viewer came", extra={"fields": fields})
        task = asyncio.current_task()
        assert task  # noqa: S101  # coroutines run in tasks
        self._viewing[task] = session
        try:
            await view(websocket, session, admitted, self._tokens, allowance, self._metrics, self._stall)
        finally:
            del self._viewing[task]
            log.info("a viewer left", extra={"fields": fields})
            if session not in self._viewing.values():
                self._linger_then_stop(weaver_id, session)

    def keep(self, owns: Callable[[str], bool]) -> None:
        """Give up the sessions that another relay owns now: their viewers are sent there."""
        for session, task in list(self._running.values()):
            if not owns(session.weaver_id):
                log.info("a session moves", extra={"fields": {"weaver_id": session.weaver_id}})
                self._forget(session)
                session.send_away()
                asyncio.get_running_loop().call_later(_MOVE, task.cancel)

    async def drain(self, seconds: float) -> None:
        """Send every viewer away and end every session, within that time."""
        self.draining = True
        for session, _ in self._running.values():
            session.send_away()
        if self._viewing:
            await asyncio.wait(self._viewing, timeout=seconds)
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _session(self, weaver_id: str) -> Session:
        if timer := self._lingering.pop(weaver_id, None):
            timer.cancel()
        if weaver_id not in self._running:
            session = Session(weaver_id, self._kube, self._report, self._now, self._metrics)
            task = asyncio.create_task(self._run(session), name=f"session {weaver_id}")
            self._running[weaver_id] = session, task
        return self._running[weaver_id][0]

    async def _run(self, session: Session) -> None:
        try:
            await session.run()
        except Exception:  # the one place where a session's failure ends: its viewers must hear of it
            log.exception("a session failed", extra={"fields": {"weaver_id": session.weaver_id}})
            session.hub.notice("the relay failed here; connecting again may help")
            session.send_away()
        finally:
            self._forget(session)
            self._remember(session)

    def _remember(self, session: Session) -> None:
        """Who is not to come back to a session that is no more."""
        now = self._now()
        self._over = {viewer_id: over for viewer_id, over in self._over.items() if over[1] > now}
        self._over |= {viewer_id: (left, now + LIFETIME) for viewer_id, left in _dismissed(session).items()}

    def _linger_then_stop(self, weaver_id: str, session: Session) -> None:
        if self._running.get(weaver_id, (None,))[0] is session:
            self._lingering[weaver_id] = asyncio.get_running_loop().call_later(self._linger, self._stop, session)

    def _stop(self, session: Session) -> None:
        _, task = self._running[session.weaver_id]
        self._forget(session)  # at once: whoever comes while it ends gets a new one
        task.cancel()

    def _forget(self, session: Session) -> None:
        weaver_id = session.weaver_id
        if self._running.get(weaver_id, (None,))[0] is session:
            del self._running[weaver_id]
            if timer := self._lingering.pop(weaver_id, None):
                timer.cancel()


def _dismissed(session: Session) -> dict[str, Exit]:
    """For which viewers the session is over; when it ended, also for those who are away just now."""
    ended = session.hub.ended
    if not ended or ended.reason == "drain":
        return session.hub.dismissed
    return {**dict.fromkeys(session.viewer_ids, ended), **session.hub.dismissed}
