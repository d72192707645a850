"""Comparing records with pods, where neither may know of the other, by a cursor over as many sweeps as it takes.

One cluster is walked after the other. In each, pods come by name, which is by weaver id; an index has living records by id. So both
are walked side by side, a page of pods and the records of the same range of ids at a time, and nothing is ever held whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from chalicelib.domain.errors import ClusterError, ClusterTimeout, WeaverError
from chalicelib.domain.pod_status import Pod
from chalicelib.domain.sweep_plan import Cursor, Step, plan_reconciliation, plan_repairs, weaver_id_of
from chalicelib.services.clusters import Clusters
from chalicelib.services.ports import PodListExpired, ReconciliationStore

_PAGE: Final = 250
#: Counters looked at with each pass, two reads each: all of them in turn.
_COUNTERS: Final = 25


@dataclass(frozen=True, slots=True)
class Found:
    """What one page showed, and the cursor to go on from. At the end of a pass ``active`` is how many weavers live, if every cluster
    could be walked; ``error`` says why one could not, and that the next one follows.
    """

    steps: Sequence[Step]
    then: Cursor
    ended: bool = False
    active: int | None = None
    error: WeaverError | None = None


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Only finds; the sweep carries out and moves the cursor. ``deployment`` says which pods in the namespace are ours."""

    store: ReconciliationStore
    clusters: Clusters
    deployment: str
    page_size: int = _PAGE
    counters_a_pass: int = _COUNTERS

    def page(self, cursor: Cursor, now: datetime) -> Found:
        """What is wrong between the pods of the page at ``cursor`` and the records of the same ids; at the end of a pass also
        what is wrong with some counters. Raises RetryLater; with a single cluster also ClusterError, ClusterTimeout.
        """
        cursor = self._in_a_cluster(cursor)
        try:
            page = self.clusters.by_name[cursor.cluster].list_pods(self.deployment, self.page_size, cursor.pods_token)
        except PodListExpired:
            return self.page(replace(cursor, after="", pods_token=None, seen=0), now)
        except (ClusterError, ClusterTimeout) as error:
            if len(self.clusters.by_name) == 1:
                raise  # nothing else is waiting: the same page is asked for again
            return self._walked(replace(cursor, elsewhere=None), [], error)
        pods = {weaver_id: pod for pod in page.pods if (weaver_id := weaver_id_of(pod))}
        until = max(pods, default=cursor.after) if page.token else None
        enough = 2 * self.page_size  # as many as pods, unless many pods are gone
        records = self.store.living(cursor.cluster, cursor.after, until, enough)
        token = page.token
        if len(records) >= enough:  # the page of pods is asked for again, with the records behind these
            until, token = records[-1].id, cursor.pods_token
        steps = plan_reconciliation(records, _between(pods, cursor.after, until), now, cursor.cluster)
        seen = cursor.seen + len(records)
        if until is None:
            return self._walked(replace(cursor, seen=seen), steps)
        return Found(steps, replace(cursor, after=until, pods_token=token, seen=seen, version=cursor.version + 1))

    def _in_a_cluster(self, cursor: Cursor) -> Cursor:
        """``cursor`` in the cluster that it names; at the beginning of the first one when that is not among them any more."""
        if cursor.cluster in self.clusters.by_name:
            return cursor
        first = self.clusters.names[0]
        if not cursor.cluster:
            return replace(cursor, cluster=first)
        return replace(cursor, cluster=first, after="", pods_token=None, seen=0, elsewhere=0)

    def _walked(self, cursor: Cursor, steps: Sequence[Step], error: WeaverError | None = None) -> Found:
        """The cluster at ``cursor`` is done with: on to the next one, or to the end of the pass."""
        total = None if cursor.elsewhere is None else cursor.elsewhere + cursor.seen
        then = replace(cursor, after="", pods_token=None, seen=0, elsewhere=total, version=cursor.version + 1)
        if behind := [name for name in self.clusters.names if name > cursor.cluster]:
            return Found(steps, replace(then, cluster=behind[0]), error=error)
        repairs, counter = self._repairs(cursor.counter)
        then = replace(then, cluster="", elsewhere=0, counter=counter)
        return Found([*steps, *repairs], then, ended=True, active=total, error=error)

    def _repairs(self, after: str) -> tuple[Sequence[Step], str]:
        """What is wrong with the next counters, and the name to go on from: the beginning after the last."""
        names = self.store.counters(after, self.counters_a_pass)
        steps = plan_repairs(self.store.counter(name) for name in names)
        return steps, names[-1] if len(names) == self.counters_a_pass else ""


def _between(pods: dict[str, Pod], after: str, until: str | None) -> list[Pod]:
    return [pod for weaver_id, pod in pods.items() if after < weaver_id and (until is None or weaver_id <= until)]
