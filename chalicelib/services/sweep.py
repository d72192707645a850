"""The sweep: once a minute, ends what is due and looks at what is starting. Every step may run twice or concurrently.

It finds its work by an index query (what is due), never by a scan. Reconciling pods with records is a later widening; what a
dead process left behind is due as well, see :func:`chalicelib.domain.weaver.due_at`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.domain.errors import VersionConflict
from chalicelib.domain.weaver import CREATE_FAILED, Weaver, awaited, terminating
from chalicelib.services.describe import Describe
from chalicelib.services.ports import Clock, WeaverStore
from chalicelib.services.stop import Stop

#: Weavers looked at in one sweep; the rest is due at the next.
_BATCH = 500
_TIME_LIMIT = timedelta(seconds=45)
_log = logging.getLogger(__name__)

Decision = Literal["expire", "undo", "finish", "look", "leave"]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did, or with dry run would do: ids of weavers whose end it decided."""

    deleted_ids: Sequence[str]
    finished_count: int
    failed_count: int
    more: bool


def decide(weaver: Weaver, now: datetime) -> Decision:
    """What the sweep must do about a weaver that is due."""
    if weaver.ended_at:
        return "leave"
    if weaver.status == "terminating":
        return "finish"
    if weaver.expires_at <= now:
        return "expire"
    if weaver.pod_uid is None:
        return "undo"
    return "look" if weaver.status == "pending" else "leave"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The use case."""

    store: WeaverStore
    clock: Clock
    describe: Describe
    stop: Stop

    def __call__(self, *, dry_run: bool = False, time_limit: timedelta = _TIME_LIMIT) -> SweepReport:
        """Ends expired weavers, finishes what is ending, looks at what starts. What is not reached within ``time_limit`` is ``more``."""
        now = self.clock()
        due = self.store.due(now, _BATCH)
        deleted: list[str] = []
        finished = failed = reached = 0
        for weaver in due:
            if self.clock() - now > time_limit:
                break
            reached += 1
            decision = decide(weaver, now)
            if decision in ("expire", "undo"):
                deleted.append(weaver.id)
            if dry_run or decision == "leave":
                continue
            try:
                finished += self._apply(weaver, decision, now)
            except VersionConflict:
                _log.info("changed meanwhile, left to the next sweep", extra={"weaver_id": weaver.id})
            except Exception:  # noqa: BLE001  # whatever is wrong with one weaver must not keep the others from ending
                failed += 1
                _log.exception("not ended, left to the next sweep", extra={"weaver_id": weaver.id})
        return SweepReport(deleted, finished, failed, more=len(due) == _BATCH or reached < len(due))

    def _apply(self, weaver: Weaver, decision: Decision, now: datetime) -> bool:
        """Whether the weaver has ended. Conditional on the version that was decided from: a renewal that races wins or loses
        cleanly.
        """
        if decision == "finish":
            return self._finished(weaver, now)
        if decision == "look":
            return self._looked_at(weaver, now)
        if decision == "expire":
            going = terminating(weaver, "Expired", f"its lifetime of {weaver.lifetime_hours:g} h ended")
        else:
            going = terminating(weaver, CREATE_FAILED, "its create did not come through")
        self.store.update(going)
        return self.stop.finish(going).ended_at is not None

    def _looked_at(self, weaver: Weaver, now: datetime) -> bool:
        """Whether a pending weaver has ended. If its pod says nothing new, whyever, it goes to the back of what is due."""
        after = weaver
        try:
            after = self.describe.refreshed(weaver)
        finally:
            if after is weaver:
                self.store.update(awaited(weaver, now))
        return after.ended_at is not None

    def _finished(self, weaver: Weaver, now: datetime) -> bool:
        """Whether a terminating weaver has ended now. If not, whyever, it goes to the back of what is due."""
        after = weaver
        try:
            after = self.stop.finish(weaver)
        finally:
            if after.ended_at is None:
                self.store.update(awaited(weaver, now))
        return after.ended_at is not None
