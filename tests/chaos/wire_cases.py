"""The use cases that are disturbed on the wire, and what their answers claim."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from chalicelib.domain.errors import WeaverError
from chalicelib.domain.weaver import Weaver
from tests.chalicelib.samples import MINUTE
from tests.chaos.wire_rig import HOURS, Stage


def _living(stage: Stage) -> None:
    stage.first = stage.create(stage.good)


def _expired(stage: Stage) -> None:
    _living(stage)
    stage.clock.advance(timedelta(hours=HOURS))


def _going(stage: Stage) -> None:
    """Deleted, its pod gone, its record not yet ended."""
    _living(stage)
    stage.good.stop(stage.who, stage.made().id)
    stage.settle()


def _pod_gone(stage: Stage) -> None:
    _living(stage)
    stage.good.cluster.delete_pod(stage.made().pod_name)
    stage.settle()


def _orphaned(stage: Stage) -> None:
    """A pod whose weaver has ended, as a create leaves it that slept for long."""
    _pod_gone(stage)
    stage.good.describe(stage.who, stage.made().id, refresh=True)
    stage.first = None
    living = stage.create(stage.good)
    pod = stage.good.cluster.get_pod(living.pod_name)
    assert pod
    stage.good.stop(stage.who, living.id)
    stage.settle()
    stage.good.stop(stage.who, living.id)
    spec = {name: pod["metadata"][name] for name in ("name", "labels", "annotations") if name in pod["metadata"]}
    stage.good.cluster.create_pod({"metadata": spec, "spec": {**pod["spec"], "nodeName": None}})
    stage.clock.advance(2 * MINUTE)


def _keyed_twice(stage: Stage) -> Weaver:
    """As the CLI does: an error that may pass is answered by the same request with the same key."""
    try:
        return stage.create(stage.bad, "key")
    except WeaverError:
        return stage.create(stage.bad, "key")


@dataclass(frozen=True, slots=True)
class Case:
    """``act`` is what goes through the proxies; ``true`` says whether what it answered is so, right after.

    ``lives`` says whether there is a living weaver two sweeps later; that may depend on whether ``act`` answered or failed.
    """

    name: str
    act: Callable[[Stage], object]
    lives: Literal["always", "never", "if answered", "unless answered"]
    prepare: Callable[[Stage], None] = lambda _stage: None
    true: Callable[[Stage, Any], bool] = lambda _stage, _answer: True

    def __str__(self) -> str:
        return self.name


def _created(stage: Stage, answer: Weaver) -> bool:
    record, pod = stage.store.get(answer.id), stage.good.cluster.get_pod(answer.pod_name)
    return bool(record and pod and record.pod_uid == pod["metadata"]["uid"] and record.status == "pending")


def _extended(stage: Stage, answer: Weaver) -> bool:
    record = stage.store.get(answer.id)
    return bool(record and record.lifetime_hours == 2 == answer.lifetime_hours)


def _ending(stage: Stage, _answer: object) -> bool:
    record = stage.store.get(stage.made().id)
    return bool(record and (record.ended_at or record.status == "terminating"))


def _as_recorded(stage: Stage, answer: Weaver) -> bool:
    return answer == stage.store.get(answer.id)


CASES: Final = (
    Case("create", lambda stage: stage.create(stage.bad), "if answered", true=_created),
    Case("create with a key, asked again", _keyed_twice, "if answered", true=_created),
    Case("extend", lambda stage: stage.bad.extend(stage.who, stage.made().id, 2), "always", _living, _extended),
    Case("describe", lambda stage: stage.bad.describe(stage.who, stage.made().id), "always", _living, _as_recorded),
    Case(
        "describe without a pod", lambda stage: stage.bad.describe(stage.who, "api"), "never", _pod_gone, _as_recorded
    ),
    Case("delete", lambda stage: stage.bad.stop(stage.who, stage.made().id), "unless answered", _living, _ending),
    Case("delete again", lambda stage: stage.bad.stop(stage.who, stage.made().id), "never", _going, _ending),
    Case("sweep that expires", lambda stage: stage.bad.sweep(reconcile=False), "never", _expired),
    Case("sweep that finishes", lambda stage: stage.bad.sweep(reconcile=False), "never", _going),
    Case("sweep that finds an orphan", lambda stage: stage.bad.sweep(reconcile=True), "never", _orphaned),
)
