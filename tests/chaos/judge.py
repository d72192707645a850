"""What must hold once faults are over and two sweeps have passed, whatever happened before (DESIGN §10)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from chalicelib.domain.errors import WeaverError
from chalicelib.domain.pod_spec import LABEL_WEAVER_ID
from chalicelib.domain.pod_status import Pod, pod_status
from chalicelib.domain.weaver import FORCE_AFTER, Weaver
from tests.chalicelib.samples import MINUTE, reservation
from tests.chalicelib.samples import weaver as new_weaver
from tests.chaos.counts import Violation
from tests.chaos.stage import Stage

#: What they take; an expired weaver is gone by then (DESIGN §10, promise 3).
_TWO_SWEEPS: Final = timedelta(minutes=2)
_MANY: Final = 1000


def judged(stage: Stage) -> list[Violation]:
    """What the witness saw, and what is not as it must be now."""
    records = {one.id: one for one in map(stage.world.store.get, stage.witness.records) if one}
    gone = [Violation("wrong", f"its record is gone: {one}") for one in stage.witness.records if one not in records]
    pods = _pods(stage)
    found = chain(
        *(_record(stage, one, pods.get(one.id)) for one in records.values()),
        _orphans(stage, records, pods),
        _counters(stage, records),
    )
    return [*stage.witness.violations, *gone, *found]


def judged_closed(stage: Stage) -> list[Violation]:
    """As judged, once everything was deleted: nothing may be left, and what was reserved can be reserved again."""
    left = [Violation("stuck", f"it does not end: {one}") for one in _living(stage)]
    return [*judged(stage), *left, *_names(stage)]


def _pods(stage: Stage) -> dict[str, Pod]:
    """Ours, by weaver id."""
    page = stage.world.cluster.list_pods(stage.world.sweep.reconcile.deployment, _MANY, None)
    assert page.token is None
    return {pod["metadata"]["labels"][LABEL_WEAVER_ID]: pod for pod in page.pods}


def _living(stage: Stage) -> list[Weaver]:
    found = map(stage.world.store.get, stage.witness.records)
    return [one for one in found if one and one.ended_at is None]


def _orphans(stage: Stage, records: dict[str, Weaver], pods: dict[str, Pod]) -> Iterator[Violation]:
    for weaver_id, pod in pods.items():
        record = records.get(weaver_id)
        if (record is None or record.ended_at) and not _may_be_stuck(stage, pod["metadata"]["name"], _going(pod)):
            yield Violation("orphan", f"the pod of {weaver_id}, whose record is {record}")


def _may_be_stuck(stage: Stage, pod_name: str, since: datetime | None) -> bool:
    """Whether its node was lost, and so lately that two sweeps cannot have seen it, forced it, and seen to the rest."""
    return (
        pod_name in stage.held and since is not None and stage.world.clock.now < since + FORCE_AFTER + 2 * _TWO_SWEEPS
    )


def _going(pod: Pod | None) -> datetime | None:
    """Since when it is being deleted."""
    text = pod["metadata"].get("deletionTimestamp") if pod else None
    return datetime.fromisoformat(text) if text else None


def _record(stage: Stage, one: Weaver, pod: Pod | None) -> Iterator[Violation]:
    if one.ended_at:
        if one.ending is None or one.status not in ("succeeded", "failed"):
            yield Violation("wrong", f"history that does not say how it ended: {one}")
        return
    if one.reason == "Expired" and one.expires_at + MINUTE > stage.world.clock.now:
        return  # with the last sweep
    if _may_be_stuck(stage, one.pod_name, one.ending.at if one.ending else _going(pod)):
        return
    yield from _living_record(one, pod)
    if one.id in stage.witness.must_end:
        yield Violation("stuck", f"its deletion was answered, and it lives: {one}")
    if one.expires_at + _TWO_SWEEPS <= stage.world.clock.now:
        yield Violation("stuck", f"expired, and not gone in time: {one}")


def _living_record(one: Weaver, pod: Pod | None) -> Iterator[Violation]:
    if one.status == "terminating":
        yield Violation("stuck", f"it does not end: {one}")
    elif pod is None:
        yield Violation("leak", f"it counts, and has no pod: {one}")
    elif pod["metadata"]["uid"] != one.pod_uid:
        yield Violation("stuck" if one.pod_uid is None else "wrong", f"its record does not know its pod: {one}")
    elif (seen := pod_status(pod).status) != one.status:
        yield Violation("stuck", f"its pod is {seen}: {one}")


def _counters(stage: Stage, records: dict[str, Weaver]) -> Iterator[Violation]:
    living = [one for one in records.values() if one.ended_at is None]
    scopes: tuple[tuple[str, Callable[[Weaver], str]], ...] = (
        ("owner", lambda one: one.owner_user_id),
        ("org", lambda one: one.org_id),
    )
    for kind, whose in scopes:
        for name in {whose(one) for one in records.values()}:
            counter = stage.world.sweep.reconcile.store.counter(f"{kind}#{name}")
            so = sum(whose(one) == name for one in living)
            if counter.counted != so:
                yield Violation("leak", f"{counter.name} counts {counter.counted}, and {so} live")


def _names(stage: Stage) -> Iterator[Violation]:
    """Tried out, which changes the store: nothing can be judged after that."""
    for owner, name in stage.witness.names:
        wanted: dict[str, Any] = {"owner_user_id": owner, "name": name}
        try:
            stage.world.store.reserve(reservation(new_weaver(created_at=stage.world.clock.now, **wanted)))
        except WeaverError as refused:
            yield Violation("leak", f"the name {name!r} of nobody that lives is kept: {refused!r}")
