"""The sweep: once a minute it plans what must be done (:mod:`chalicelib.domain.sweep_plan`) and does it.

Every step may run twice or concurrently, and is conditional on the version it was decided from. What is not reached in time is
still due at the next tick.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Literal

from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout, VersionConflict, WeaverError
from chalicelib.domain.sweep_plan import (
    MAX_ORPHANS,
    PodStep,
    RepairStep,
    Step,
    WeaverStep,
    plan_due,
    reconciles_at,
)
from chalicelib.domain.weaver import Weaver, awaited, create_failed, expired
from chalicelib.services.clusters import Clusters
from chalicelib.services.describe import Describe
from chalicelib.services.ports import Clock, WeaverStore
from chalicelib.services.reconcile import Reconcile
from chalicelib.services.stop import Stop

#: Weavers in a round; there may be many rounds in a sweep, but a dry run is one.
BATCH: Final = 500
_TIME_LIMIT: Final = timedelta(seconds=45)
#: Steps that a cluster may fail one after the other before a sweep leaves the rest of it alone: it must not take the others' time.
_FAILS: Final = 8
_log = logging.getLogger(__name__)

#: What came of a step: the weaver if it brought one to its end.
Result = Weaver | Literal["done", "failed", "changed", "unreached"]


@dataclass
class SweepReport:
    """What a sweep did, or with dry run would do.

    ``steps`` were planned, reached, and not overtaken by somebody else; ``ended`` are weavers that are history now. ``lag`` is how long the expired weaver that
    waited longest had been expired; ``active`` how many weavers live, known when the sweep completed a reconciliation.
    """

    steps: list[Step] = field(default_factory=list)
    ended: list[Weaver] = field(default_factory=list)
    failed_count: int = 0
    more: bool = False
    lag: timedelta = timedelta(0)
    active: int | None = None

    @property
    def deleted_ids(self) -> list[str]:
        """Weavers whose end this sweep decided."""
        return [step.subject for step in self.steps if step.action in ("expire", "undo")]

    def count(self, action: str) -> int:
        """How many steps of that kind there were."""
        return sum(step.action == action for step in self.steps)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The use case. ``spread`` runs the steps of a round, as ``map`` does one after the other: they mostly wait for the network,
    so that a thread pool's ``map`` is faster.
    """

    store: WeaverStore
    clusters: Clusters
    clock: Clock
    describe: Describe
    stop: Stop
    reconcile: Reconcile
    spread: Callable[[Callable[[Step], Result], Sequence[Step]], Iterable[Result]] = map

    def __call__(
        self, *, dry_run: bool = False, time_limit: timedelta = _TIME_LIMIT, reconcile: bool | None = None
    ) -> SweepReport:
        """Ends what is due, looks at what starts, and compares records with pods (``reconcile`` None: at every second tick).

        What is not begun within ``time_limit`` is ``more``.
        """
        now = self.clock()
        run = _Run(self, now, now + time_limit, dry_run, SweepReport())
        run.expire()
        if reconciles_at(now) if reconcile is None else reconcile:
            run.compare()
        return run.report


@dataclass(frozen=True, slots=True)
class _Run:
    """One sweep under way. ``failing`` counts the steps in a row that a cluster has failed."""

    sweep: Sweep
    now: datetime
    deadline: datetime
    dry_run: bool
    report: SweepReport
    failing: Counter[str] = field(default_factory=Counter)

    def expire(self) -> None:
        """Everything that is due, in rounds. A weaver is met once: one that stays due moves behind the rest."""
        met: set[str] = set()
        due = self.sweep.store.due(self.now)
        while found := list(islice(due, BATCH)):
            fresh = {weaver.id: weaver for weaver in found if weaver.id not in met}
            met.update(fresh)
            steps = plan_due(fresh.values(), self.now)
            late = [self.now - step.weaver.expires_at for step in steps if step.action == "expire"]
            self.report.lag = max(self.report.lag, *late, timedelta(0))
            self._carry_out(steps)
            if self.dry_run or self._late():
                self.report.more |= next(due, None) is not None
                return

    def compare(self) -> None:
        """Records with pods, page by page, as far as the time goes. The cursor moves once all of a page was dealt with."""
        store, orphans = self.sweep.reconcile.store, MAX_ORPHANS
        try:
            cursor = store.cursor()
            while not self._late():
                found = self.sweep.reconcile.page(cursor, self.now)
                deleting = [step for step in found.steps if isinstance(step, PodStep)]
                kept = [step for step in found.steps if step not in deleting[orphans:]]
                orphans -= min(len(deleting), orphans)
                if not self._carry_out(kept) or len(kept) < len(found.steps):
                    break
                if not self.dry_run:
                    store.move_cursor(found.then)
                if found.error:
                    self.report.failed_count += 1
                    _log.error("a cluster is not reconciled, left to a later sweep", extra={"why": found.error.message})
                if found.ended:
                    self.report.active = found.active
                    return
                cursor = found.then
            self.report.more = True
        except VersionConflict:
            _log.info("another sweep reconciles")
        except WeaverError:  # the cluster or the store: what is due was dealt with all the same
            self.report.failed_count += 1
            _log.exception("not reconciled, left to a later sweep")

    def _late(self) -> bool:
        return self.sweep.clock() >= self.deadline

    def _carry_out(self, steps: Sequence[Step]) -> bool:
        """Whether all of them were begun in time."""
        if self.dry_run:
            self.report.steps.extend(steps)
            return True
        outcomes = list(self.sweep.spread(self._outcome, steps))
        for step, outcome in zip(steps, outcomes, strict=True):
            if outcome in ("unreached", "changed"):
                self.report.more |= outcome == "unreached"
                continue
            self.report.steps.append(step)
            self.report.failed_count += outcome == "failed"
            if isinstance(outcome, Weaver):
                self.report.ended.append(outcome)
        return "unreached" not in outcomes

    def _outcome(self, step: Step) -> Result:
        if self._late():
            return "unreached"
        cluster = _cluster_of(step)
        if self._leaves(cluster):
            return "failed"
        try:
            weaver = self._apply(step)
        except VersionConflict:
            _log.info("changed meanwhile, left to the next sweep", extra={"subject": step.subject})
            return "changed"
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one weaver must not keep the others from ending
            _log.exception("left to the next sweep", extra={"subject": step.subject, "action": step.action})
            self.failing[cluster] += _of_the_cluster(error)
            return "failed"
        self.failing[cluster] = 0
        return weaver if weaver and weaver.ended_at else "done"

    def _leaves(self, cluster: str) -> bool:
        """Whether the cluster is not asked any more in this sweep, for the sake of the others."""
        return self.failing[cluster] >= _FAILS and len(self.sweep.clusters.by_name) > 1

    def _apply(self, step: Step) -> Weaver | None:
        if isinstance(step, WeaverStep):
            return self._apply_due(step)
        if step.action in ("look", "lost"):  # suspected from an index, which may be behind
            weaver = self.sweep.store.get(step.subject)
            if weaver is None or weaver.ended_at:
                raise VersionConflict(step.subject)
            return self.sweep.describe.refreshed(weaver)
        if isinstance(step, PodStep):
            self._delete_orphan(step)
        if isinstance(step, RepairStep):
            self.sweep.reconcile.store.repair(step.counter)
            _log.warning("counter repaired", extra={"subject": step.subject, "why": step.why})
        return None

    def _apply_due(self, step: WeaverStep) -> Weaver:
        weaver = step.weaver
        match step.action:
            case "expire" | "undo":
                going = (
                    expired(weaver, self.now) if step.action == "expire" else create_failed(weaver, "sweep", self.now)
                )
                self.sweep.store.update(going)
                return self.sweep.stop.finish(going)
            case "look":
                return self._looked_at(weaver)
            case action:
                return self._finished(weaver, force=action == "force")

    def _looked_at(self, weaver: Weaver) -> Weaver:
        """A pending weaver. If its pod says nothing new, whyever, it goes to the back of what is due."""
        after = weaver
        try:
            after = self.sweep.describe.refreshed(weaver)
        finally:
            if after is weaver:
                self.sweep.store.update(awaited(weaver, self.now))
        return after

    def _finished(self, weaver: Weaver, *, force: bool) -> Weaver:
        """A terminating weaver. If its pod is still there, whyever, it goes to the back of what is due."""
        after = weaver
        try:
            after = self.sweep.stop.finish(weaver, force=force)
        finally:
            if after.ended_at is None:
                self.sweep.store.update(awaited(weaver, self.now))
        return after

    def _delete_orphan(self, step: PodStep) -> None:
        """Not before the record was read consistently: the plan saw an index, which may be behind."""
        record = self.sweep.store.get(step.weaver_id)
        if record and not record.ended_at:
            raise VersionConflict(step.weaver_id)
        self.sweep.clusters.by_name[step.cluster].delete_pod(step.subject, uid=step.pod_uid, force=step.force)
        _log.warning("orphan pod deleted", extra={"subject": step.subject, "why": step.why})


def _cluster_of(step: Step) -> str:
    """The cluster that the step asks; empty for those that come from one that has just answered, or ask none."""
    if isinstance(step, WeaverStep):
        return step.weaver.cluster
    return step.cluster if isinstance(step, PodStep) else ""


def _of_the_cluster(error: Exception) -> bool:
    """Whether the next step would probably fare the same."""
    return isinstance(error, ClusterError | ClusterTimeout) and not isinstance(error, ClusterRefused)
