"""What the sweep decides, from records, pods and the time alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import ids
from chalicelib.domain.pod_spec import LABEL_WEAVER_ID
from chalicelib.domain.sweep_plan import (
    RECONCILE_GRACE,
    Counter,
    Living,
    PodStep,
    plan_due,
    plan_reconciliation,
    plan_repairs,
    reconciles_at,
)
from chalicelib.domain.weaver import FORCE_AFTER, Weaver, awaited, deleted, ended, pod_made
from tests.chalicelib.samples import MINUTE, NOW, running, terminating, weaver

LATER = NOW + timedelta(hours=1)


def pod(of: Weaver, made: datetime = NOW, phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    """A pod of ``of``; ``metadata`` in addition."""
    labels = {LABEL_WEAVER_ID: of.id}
    stamped = {"name": of.pod_name, "uid": "uid", "labels": labels, "creationTimestamp": f"{made:%Y-%m-%dT%H:%M:%SZ}"}
    return {"metadata": stamped | metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("record", "action"),
    [
        (running(weaver()), None),
        (pod_made(weaver(), "u"), "look"),
        (pod_made(weaver(lifetime_hours=1), "u"), "expire"),
        (replace(pod_made(weaver(lifetime_hours=1), "u"), status="failed"), "expire"),
        (weaver(lifetime_hours=1), "expire"),
        (weaver(), "undo"),
        (deleted(weaver(), "u", "CLI", LATER), "finish"),
        (deleted(weaver(), "u", "CLI", LATER - FORCE_AFTER), "force"),
        (awaited(deleted(weaver(), "u", "CLI", LATER - FORCE_AFTER), LATER - MINUTE), "force"),
        (ended(terminating(weaver(lifetime_hours=1)), NOW), None),
    ],
    ids=[
        "running",
        "pending",
        "expired",
        "expired and failed",
        "expired and unmade",
        "unmade",
        "terminating",
        "terminating too long",
        "terminating too long and looked at since",
        "ended",
    ],
)
def test_what_is_done_about_a_weaver(record, action):
    assert [(step.action, step.weaver) for step in plan_due([record], LATER)] == ([(action, record)] if action else [])


def test_a_step_says_why():
    steps = plan_due([weaver(lifetime_hours=0.5), weaver(), terminating(weaver())], LATER)
    assert [step.why for step in steps] == [
        "its lifetime ended 30 min ago",
        "it has no pod 60 min after its create",
        "its pod is still there 60 min after its end",
    ]


def test_where_records_and_pods_agree_there_is_nothing_to_do():
    both = [weaver(), weaver()]
    records = [Living(one.id, "running") for one in both]
    assert plan_reconciliation(records, [pod(one) for one in both], LATER, "default") == []


def test_a_record_without_its_pod_is_lost():
    gone = weaver()
    (step,) = plan_reconciliation([Living(gone.id, "running")], [], LATER, "default")
    assert (step.action, step.subject) == ("lost", gone.id)


def test_a_record_whose_pod_is_being_awaited_or_deleted_is_not_lost():
    young = weaver(created_at=LATER - RECONCILE_GRACE + timedelta(milliseconds=1))
    records = [Living(young.id, "pending"), Living(weaver().id, "terminating")]
    assert plan_reconciliation(records, [], LATER, "default") == []


@pytest.mark.parametrize(
    ("metadata", "force"),
    [({}, False), ({"deletionTimestamp": f"{LATER - FORCE_AFTER:%Y-%m-%dT%H:%M:%SZ}"}, True)],
    ids=["left behind", "stuck in its deletion"],
)
def test_a_pod_without_a_record_is_an_orphan(metadata, force):
    left = weaver()
    (step,) = plan_reconciliation([], [pod(left, **metadata)], LATER, "default")
    assert isinstance(step, PodStep)
    expected = ("orphan", left.pod_name, left.id, "uid", force)
    assert (step.action, step.subject, step.weaver_id, step.pod_uid, step.force) == expected


@pytest.mark.parametrize(
    "other",
    [
        pod(weaver(), made=LATER - RECONCILE_GRACE + timedelta(seconds=1)),
        pod(weaver(), deletionTimestamp=f"{LATER - MINUTE:%Y-%m-%dT%H:%M:%SZ}"),
        pod(weaver(), name="somebody-elses"),
        pod(weaver(), labels={}),
        pod(weaver(), labels={LABEL_WEAVER_ID: "not-an-id"}, name="weaver-not-an-id"),
    ],
    ids=["young", "on its way out", "with another name", "without our label", "whose label is no id"],
)
def test_pods_that_are_left_alone(other):
    assert plan_reconciliation([], [other], LATER, "default") == []


@pytest.mark.parametrize(
    ("status", "phase", "looked_at"),
    [
        ("running", "Succeeded", True),
        ("running", "Failed", True),
        ("pending", "Failed", True),
        ("running", "Running", False),
        ("failed", "Failed", False),
        ("terminating", "Succeeded", False),
    ],
)
def test_a_record_that_does_not_know_that_its_pod_ended_is_looked_at(status, phase, looked_at):
    one = weaver()
    steps = plan_reconciliation([Living(one.id, status)], [pod(one, phase=phase)], LATER, "default")
    assert [(step.action, step.subject) for step in steps] == ([("look", one.id)] if looked_at else [])


@pytest.mark.parametrize("status", ["pending", "running", "succeeded", "failed", "terminating"])
def test_a_record_that_does_not_know_that_its_pod_is_being_deleted_is_looked_at(status):
    """By a drained node, say; if nobody told, a deletion that is stuck would not be forced before the weaver expires."""
    one = weaver()
    going = pod(one, deletionTimestamp=f"{LATER:%Y-%m-%dT%H:%M:%SZ}")
    steps = plan_reconciliation([Living(one.id, status)], [going], LATER, "default")
    assert [(step.action, step.subject) for step in steps] == ([] if status == "terminating" else [("look", one.id)])


def test_a_counter_that_is_wrong_is_repaired():
    wrong = Counter("owner#u", counted=3, living=2, version=7)
    (step,) = plan_repairs([wrong, Counter("org#o", counted=2, living=2, version=9)])
    assert (step.action, step.subject, step.why, step.counter) == ("repair", "owner#u", "it says 3, but 2 live", wrong)


def test_every_second_sweep_reconciles():
    ticks = [NOW + n * MINUTE + timedelta(seconds=41) for n in range(6)]
    assert [reconciles_at(tick) for tick in ticks] == [True, False] * 3


def test_the_time_is_read_from_an_id():
    assert ids.created_at(weaver(created_at=LATER).id) == LATER
