"""What a sweep must do, as data: pure functions of records, pods and the time. A dry run prints it, the service carries it out.

``plan_due`` is about weavers that the index says are due; ``plan_reconciliation`` compares records with pods where neither side
may know of the other. What the latter says comes from eventually consistent reads: it names suspects, and whoever carries a
step out looks again first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from chalicelib.domain import ids
from chalicelib.domain.pod_spec import LABEL_WEAVER_ID
from chalicelib.domain.pod_status import Pod, WeaverStatus
from chalicelib.domain.weaver import CREATE_GRACE, FORCE_AFTER, Weaver

Action = Literal["expire", "undo", "finish", "force", "look", "lost", "orphan", "repair"]
#: Younger pods and records than this are left alone: the other half of them may still be on its way.
RECONCILE_GRACE: Final = CREATE_GRACE
#: Reconciling takes every second tick, so that an idle tick in between costs the index queries and nothing else, and two
#: sweeps still find everything.
RECONCILE_EVERY: Final = timedelta(minutes=2)
#: Pods without a record that one sweep deletes at most: should the table be a wrong or an old one, there is time to notice.
MAX_ORPHANS: Final = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and why. ``subject`` is a weaver's id, a pod's name or a counter's."""

    action: Action
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class WeaverStep(Step):
    """A step that was decided from this record."""

    weaver: Weaver


@dataclass(frozen=True, slots=True)
class PodStep(Step):
    """A step about a pod of ``cluster`` that no living record speaks of; ``force`` is for one whose deletion has been stuck."""

    cluster: str
    weaver_id: str
    pod_uid: str
    force: bool


@dataclass(frozen=True, slots=True)
class Living:
    """What the reconciliation knows of a record that has not ended."""

    id: str
    status: WeaverStatus


@dataclass(frozen=True, slots=True)
class Counter:
    """How many weavers a user or an org has, as ``counted`` and as they are (``living``); ``version`` is the counter's."""

    name: str
    counted: int
    living: int
    version: int


@dataclass(frozen=True, slots=True)
class RepairStep(Step):
    """A counter that is wrong."""

    counter: Counter


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the reconciliation has come: weavers up to the id ``after``, counters up to the name ``counter``.

    It walks one ``cluster`` after the other (empty: the first); ``pods_token`` is Kubernetes' continue token of the page that holds the
    next pods. ``seen`` are the cluster's living weavers so far, ``elsewhere`` those of the clusters before it in this pass: None
    when one of them could not be walked.
    """

    cluster: str = ""
    after: str = ""
    pods_token: str | None = None
    counter: str = ""
    seen: int = 0
    elsewhere: int | None = 0
    version: int = 0


def reconciles_at(now: datetime) -> bool:
    """Whether the scheduled sweep of this minute compares records with pods."""
    return int(now.timestamp()) // 60 * 60 % int(RECONCILE_EVERY.total_seconds()) == 0


def plan_due(weavers: Iterable[Weaver], now: datetime) -> list[WeaverStep]:
    """What must be done about weavers that are due."""
    return [step for weaver in weavers if (step := _due_step(weaver, now))]


def _due_step(weaver: Weaver, now: datetime) -> WeaverStep | None:
    if weaver.ended_at:
        return None
    if weaver.status == "terminating":
        if weaver.ending and now >= weaver.ending.at + FORCE_AFTER:
            return WeaverStep(
                "force", weaver.id, f"its pod is still there {_ago(weaver.ending.at, now)} after its end", weaver
            )
        return WeaverStep("finish", weaver.id, weaver.message or "it is ending", weaver)
    if weaver.expires_at <= now:
        return WeaverStep("expire", weaver.id, f"its lifetime ended {_ago(weaver.expires_at, now)} ago", weaver)
    if weaver.pod_uid is None:
        return WeaverStep("undo", weaver.id, f"it has no pod {_ago(weaver.created_at, now)} after its create", weaver)
    return WeaverStep("look", weaver.id, "it is starting", weaver) if weaver.status == "pending" else None


def plan_reconciliation(records: Sequence[Living], pods: Sequence[Pod], now: datetime, cluster: str) -> list[Step]:
    """What is wrong between ``records`` and ``pods`` of the same range of ids in one cluster."""
    known = {record.id: record for record in records}
    steps: list[Step] = []
    met: set[str] = set()
    for pod in pods:
        weaver_id = weaver_id_of(pod)
        if weaver_id is None:
            continue
        met.add(weaver_id)
        if step := _pod_step(weaver_id, pod, known.get(weaver_id), now, cluster):
            steps.append(step)
    return steps + [
        Step("lost", record.id, "its pod is gone")
        for record in records
        if record.id not in met and record.status != "terminating" and _old_enough(ids.created_at(record.id), now)
    ]


def weaver_id_of(pod: Pod) -> str | None:
    """Whose pod it is; None for one that is not named as we name them, which is left alone whatever its labels say."""
    metadata: dict[str, Any] = pod["metadata"]
    weaver_id = metadata.get("labels", {}).get(LABEL_WEAVER_ID, "")
    return weaver_id if ids.is_full_id(weaver_id) and metadata["name"] == ids.pod_name(weaver_id) else None


def _pod_step(weaver_id: str, pod: Pod, record: Living | None, now: datetime, cluster: str) -> Step | None:
    metadata = pod["metadata"]
    if record is not None:
        if metadata.get("deletionTimestamp") and record.status != "terminating":
            return Step("look", weaver_id, "its pod is being deleted, and not by us")
        ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        fresh = record.status not in ("pending", "running") or not ended
        return None if fresh else Step("look", weaver_id, "its pod ended by itself")
    made, going = _moment(metadata["creationTimestamp"]), metadata.get("deletionTimestamp")
    stuck = going is not None and now >= _moment(going) + FORCE_AFTER
    if (going and not stuck) or not _old_enough(made, now):
        return None
    why = f"it is stuck in its deletion since {going}" if stuck else "no living weaver has this pod"
    return PodStep("orphan", metadata["name"], why, cluster, weaver_id, metadata["uid"], force=stuck)


def plan_repairs(counters: Iterable[Counter]) -> list[RepairStep]:
    """Which counters are wrong."""
    return [
        RepairStep("repair", counter.name, f"it says {counter.counted}, but {counter.living} live", counter)
        for counter in counters
        if counter.counted != counter.living
    ]


def _old_enough(made: datetime, now: datetime) -> bool:
    return now >= made + RECONCILE_GRACE


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ago(moment: datetime, now: datetime) -> str:
    seconds = int((now - moment).total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
