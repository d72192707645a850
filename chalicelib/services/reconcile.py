"""Comparing records with pods, where neither may know of the other, by a cursor over as many sweeps as it takes.

Pods come by name, which is by weaver id; an index has living records by id. So both are walked side by side, a page of pods
and the records of the same range of ids at a time, and nothing is ever held whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from chalicelib.domain.pod_status import Pod
from chalicelib.domain.sweep_plan import Cursor, Step, plan_reconciliation, plan_repairs, weaver_id_of
from chalicelib.services.ports import Cluster, PodListExpired, ReconciliationStore

_PAGE: Final = 250
#: Counters looked at with each pass, two reads each: all of them in turn.
_COUNTERS: Final = 25


@dataclass(frozen=True, slots=True)
class Found:
    """What one page showed, and the cursor to go on from. ``active`` is set at the end of a pass: how many weavers live."""

    steps: Sequence[Step]
    then: Cursor
    active: int | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Only finds; the sweep carries out and moves the cursor. ``deployment`` says which pods in the namespace are ours."""

    store: ReconciliationStore
    cluster: Cluster
    deployment: str
    page_size: int = _PAGE
    counters_a_pass: int = _COUNTERS

    def page(self, cursor: Cursor, now: datetime) -> Found:
        """What is wrong between the pods of the page at ``cursor`` and the records of the same ids; at the end of a pass also
        what is wrong with some counters. Raises RetryLater, ClusterError, ClusterTimeout.
        """
        try:
            page = self.cluster.list_pods(self.deployment, self.page_size, cursor.pods_token)
        except PodListExpired:
            return self.page(replace(cursor, after="", pods_token=None, seen=0), now)
        pods = {weaver_id: pod for pod in page.pods if (weaver_id := weaver_id_of(pod))}
        until = max(pods, default=cursor.after) if page.token else None
        enough = 2 * self.page_size  # as many as pods, unless many pods are gone
        records = self.store.living(cursor.after, until, enough)
        token = page.token
        if len(records) >= enough:  # the page of pods is asked for again, with the records behind these
            until, token = records[-1].id, cursor.pods_token
        steps = plan_reconciliation(records, _between(pods, cursor.after, until), now)
        seen = cursor.seen + len(records)
        then = replace(cursor, after=until or "", pods_token=token, seen=seen, version=cursor.version + 1)
        if until is not None:
            return Found(steps, then)
        repairs, counter = self._repairs(cursor.counter)
        return Found([*steps, *repairs], replace(then, seen=0, counter=counter), active=seen)

    def _repairs(self, after: str) -> tuple[Sequence[Step], str]:
        """What is wrong with the next counters, and the name to go on from: the beginning after the last."""
        names = self.store.counters(after, self.counters_a_pass)
        steps = plan_repairs(self.store.counter(name) for name in names)
        return steps, names[-1] if len(names) == self.counters_a_pass else ""


def _between(pods: dict[str, Pod], after: str, until: str | None) -> list[Pod]:
    return [pod for weaver_id, pod in pods.items() if after < weaver_id and (until is None or weaver_id <= until)]
