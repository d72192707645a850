from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.domain.errors import ClusterError, RetryLater
from chalicelib.domain.weaver import CREATE_GRACE, FORCE_AFTER
from chalicelib.services.sweep import SweepReport
from tests.chalicelib.samples import ALICE, BOB, MINUTE, reservation, running, terminating, weaver
from tests.chalicelib.services.world import RUNNING

Told = tuple[Sequence[tuple[str, str]], list[str], int, bool]


def told(report: SweepReport) -> Told:
    """What there is to compare: actions with their subjects, what has ended, failures, whether there is more."""
    steps: list[tuple[str, str]] = [(step.action, step.subject) for step in report.steps]
    return steps, [weaver.id for weaver in report.ended], report.failed_count, report.more


NOTHING: Told = ([], [], 0, False)


def test_an_expired_weaver_ends_in_two_sweeps(world):
    made = world.created_and_running(lifetime_hours=1)
    world.clock.advance(timedelta(hours=1) - timedelta(milliseconds=1))
    assert told(world.sweep()) == NOTHING
    world.clock.advance(timedelta(milliseconds=1))
    assert told(world.sweep()) == ([("expire", made.id)], [], 0, False)
    going = world.recorded(made)
    assert (going.status, going.reason, going.message) == ("terminating", "Expired", "its lifetime of 1 h ended")
    world.cluster.settle()
    assert told(world.sweep()) == ([("finish", made.id)], [made.id], 0, False)
    assert world.recorded(made).ended_at == world.clock.now
    assert told(world.sweep()) == NOTHING


def test_a_weaver_that_nobody_watches_is_seen_starting(world):
    made = world.create()
    assert told(world.sweep()) == ([("look", made.id)], [], 0, False)
    assert world.recorded(made).status == "pending"
    world.cluster.set_status(made.pod_name, RUNNING)
    assert told(world.sweep()) == ([("look", made.id)], [], 0, False)
    assert world.recorded(made).status == "running"
    world.cluster.calls.clear()
    world.sweep(reconcile=False)
    assert world.cluster.calls == []


def test_what_is_not_due_is_not_touched(world):
    world.created_and_running()
    before = deepcopy(world.store.records)
    world.clock.advance(timedelta(hours=3, minutes=59))
    world.cluster.calls.clear()
    assert told(world.sweep(reconcile=False)) == NOTHING
    assert (world.store.records, world.cluster.calls) == (before, [])


def test_a_renewal_that_races_wins(world):
    made = world.created_and_running(lifetime_hours=1)
    longer = replace(made, expires_at=made.expires_at + timedelta(hours=1), version=made.version + 1)
    world.clock.advance(timedelta(hours=1))
    world.meanwhile("before update", lambda _record: world.store.update(longer))
    world.sweep()
    assert world.recorded(made) == longer
    assert "deletionTimestamp" not in world.cluster.pods[made.pod_name]["metadata"]
    assert told(world.sweep()) == NOTHING


def test_two_sweeps_at_once_do_the_work_of_one(world):
    made = world.created_and_running(lifetime_hours=1)
    world.clock.advance(timedelta(hours=1))
    world.meanwhile("before update", lambda _record: world.sweep())
    world.sweep()
    assert world.recorded(made).version == made.version + 1
    world.cluster.settle()
    world.meanwhile("before end", lambda *_args: world.sweep())
    world.sweep()
    assert world.recorded(made).version == made.version + 2
    assert world.living() == []


def test_a_dry_run_tells_and_changes_nothing(world):
    expired = world.created_and_running(lifetime_hours=0.5)
    going = world.created_and_running()
    world.stop(ALICE, going.id)
    unmade = world.store.reserve(reservation())
    world.clock.advance(timedelta(hours=1))
    records, pods = deepcopy(world.store.records), deepcopy(world.cluster.pods)
    report = world.sweep(dry_run=True)
    assert set(report.deleted_ids) == {expired.id, unmade.id}
    assert (report.ended, report.failed_count) == ([], 0)
    assert (world.store.records, world.cluster.pods) == (records, pods)
    assert set(world.sweep().deleted_ids) == set(report.deleted_ids)


@pytest.mark.parametrize(
    "error", [ClusterError("etcd has no leader"), RetryLater("busy"), ValueError("what nobody thought of")]
)
def test_one_that_fails_does_not_hold_up_the_others(world, error):
    unlucky = world.created_and_running(lifetime_hours=0.5)
    lucky = world.created_and_running(lifetime_hours=0.5)
    world.clock.advance(timedelta(hours=1))

    def fail(moment, args):
        if moment == "before delete_pod" and args == (unlucky.pod_name,):
            raise error

    world.watcher = fail
    assert world.sweep().failed_count == 1
    assert "deletionTimestamp" in world.cluster.pods[lucky.pod_name]["metadata"]
    assert world.recorded(unlucky).status == "terminating"
    world.watcher = lambda _moment, _args: None
    for _ in range(2):
        world.sweep()
        world.cluster.settle()
    assert world.living() == []


def test_a_create_whose_process_died_is_undone_after_its_grace(world):
    unmade = world.store.reserve(reservation(weaver(name="api")))
    world.clock.advance(CREATE_GRACE - timedelta(milliseconds=1))
    assert told(world.sweep()) == NOTHING
    world.clock.advance(timedelta(milliseconds=1))
    assert told(world.sweep()) == ([("undo", unmade.id)], [unmade.id], 0, False)
    assert (world.recorded(unmade).status, world.recorded(unmade).reason) == ("failed", "CreateFailed")
    world.create(name="api")


def test_a_short_life_does_not_outlast_the_grace_of_its_create(world):
    brief = world.store.reserve(reservation(weaver(lifetime_hours=1 / 3600)))
    world.clock.advance(timedelta(seconds=1))
    assert world.sweep().deleted_ids == [brief.id]
    world.clock.advance(MINUTE)
    world.sweep()
    assert world.living() == []


def test_a_sweep_goes_on_in_rounds_and_a_dry_run_says_that_there_is_more(world):
    for _ in range(501):
        world.store.reserve(reservation(weaver(), user_limit=999, org_limit=999))
    world.clock.advance(CREATE_GRACE)
    preview = world.sweep(dry_run=True)
    assert (len(preview.deleted_ids), preview.more) == (500, True)
    report = world.sweep()
    assert (len(report.deleted_ids), len(report.ended), report.more) == (501, 501, False)
    assert world.living() == []


def test_a_sweep_goes_on_behind_the_many_that_it_has_just_told_to_go(world):
    """Their pods take some seconds to go, and until then they are due again."""
    for _ in range(1200):
        made = running(weaver(lifetime_hours=1))
        world.store.records[made.id] = made
        world.cluster.create_pod({"metadata": {"name": made.pod_name}})
    world.clock.advance(timedelta(hours=1))
    report = world.sweep()
    assert (len(report.deleted_ids), report.more) == (1200, False)


@pytest.mark.parametrize("failing", [False, True], ids=["pods that stay", "pods that cannot be deleted"])
def test_weavers_that_cannot_be_ended_do_not_keep_expired_ones_waiting(world, failing):
    stuck = [world.store.reserve(reservation(weaver(), user_limit=999, org_limit=999)) for _ in range(500)]
    for one in stuck:
        world.cluster.pods[one.pod_name] = {"metadata": {"name": one.pod_name, "uid": "u", "finalizers": ["x"]}}
        world.store.update(terminating(one))
    expired = world.created_and_running(BOB, lifetime_hours=0.5)

    def fail(moment, _args):
        if failing and moment == "before delete_pod":
            raise ClusterError("etcd has no leader")

    world.watcher = fail
    world.clock.advance(timedelta(hours=1))
    assert world.sweep().deleted_ids == [expired.id]


def test_a_pod_that_goes_at_last_ends_its_weaver(world):
    made = world.created_and_running()
    world.stop(ALICE, made.id)
    for _ in range(3):
        world.clock.advance(MINUTE)
        assert told(world.sweep()) == ([("finish", made.id)], [], 0, False)
    world.cluster.settle()
    assert [one.id for one in world.sweep().ended] == [made.id]
    assert (world.recorded(made).status, world.recorded(made).reason) == ("succeeded", "Deleted")


def test_a_deletion_that_takes_too_long_is_forced(world):
    made = world.created_and_running()
    world.stop(ALICE, made.id)
    world.clock.advance(FORCE_AFTER - timedelta(milliseconds=1))
    assert told(world.sweep(reconcile=False))[0] == [("finish", made.id)]
    assert made.pod_name in world.cluster.pods
    world.clock.advance(timedelta(milliseconds=1))
    assert told(world.sweep(reconcile=False))[0] == [("force", made.id)]
    assert world.cluster.pods == {}
    assert [one.id for one in world.sweep().ended] == [made.id]


def test_the_time_is_up_before_the_work(world):
    made = [world.created_and_running(lifetime_hours=0.5 + n / 10) for n in range(3)]
    world.clock.advance(timedelta(hours=1))

    def slow(moment, _args):
        if moment == "before update":
            world.clock.advance(timedelta(seconds=30))

    world.watcher = slow
    first = world.sweep(time_limit=timedelta(seconds=45))
    assert (first.deleted_ids, first.more) == ([one.id for one in made[:2]], True)
    world.watcher = lambda _moment, _args: None
    assert [step.subject for step in world.sweep().steps if step.action == "expire"] == [made[2].id]


def test_the_lag_is_that_of_the_longest_expired(world):
    world.created_and_running(lifetime_hours=0.5)
    world.created_and_running(lifetime_hours=0.9)
    assert world.sweep().lag == timedelta(0)
    world.clock.advance(timedelta(hours=1))
    assert world.sweep().lag == timedelta(minutes=30)


def test_steps_that_wait_are_under_way_at_once(world):
    """Two threads meet in the middle of their steps: with one at a time neither would come."""
    made = [world.created_and_running(lifetime_hours=0.5) for _ in range(2)]
    world.clock.advance(timedelta(hours=1))
    together = Barrier(2, timeout=10)
    world.watcher = lambda moment, _args: together.wait() if moment == "before delete_pod" else None
    with ThreadPoolExecutor(2) as pool:
        report = replace(world.sweep, spread=pool.map)()
    assert set(report.deleted_ids) == {one.id for one in made}
    assert report.failed_count == 0


def test_an_idle_tick_asks_what_is_due_and_nothing_else(world):
    world.created_and_running()
    asked: list[str] = []
    world.watcher = lambda moment, _args: asked.append(moment)
    world.clock.advance(MINUTE)
    world.sweep()
    assert asked == ["before due", "after due", "before next_due", "after next_due"], "and there is none"
    asked.clear()
    world.clock.advance(MINUTE)
    world.sweep()
    calls = [moment.removeprefix("before ") for moment in asked if moment.startswith("before")]
    assert calls == [
        "due",
        "next_due",
        "cursor",
        "list_pods",
        "living",
        "counters",
        "counter",
        "counter",
        "move_cursor",
    ]
