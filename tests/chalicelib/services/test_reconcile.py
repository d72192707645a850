"""Records and pods that do not know of each other: found by walking both, looked at again, then dealt with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import ClusterError
from chalicelib.domain.sweep_plan import MAX_ORPHANS, Cursor, Living
from chalicelib.services.ports import PodListExpired
from tests.chalicelib.samples import ALICE, MINUTE, NOW, weaver
from tests.chalicelib.services.world import World


def orphaned(world: World) -> str:
    """The name of a pod whose record was forgotten."""
    made = world.created_and_running()
    del world.store.records[made.id]
    return made.pod_name


def reconciling(world: World, **changes: Any) -> None:
    """Lets the world's sweep reconcile with other parts or bounds."""
    world.sweep = replace(world.sweep, reconcile=replace(world.sweep.reconcile, **changes))


def actions(world: World, **changes) -> list[tuple[str, str]]:
    return [(step.action, step.subject) for step in world.sweep(reconcile=True, **changes).steps]


def test_a_weaver_whose_pod_vanished_has_failed(world):
    made = world.created_and_running()
    world.cluster.pods.clear()
    world.clock.advance(2 * MINUTE)
    assert actions(world) == [("lost", made.id)]
    gone = world.recorded(made)
    assert (gone.status, gone.reason, gone.ended_at) == ("failed", "PodGone", world.clock.now)
    assert gone.ending.via == "cluster"


def test_a_pod_that_no_record_knows_is_deleted_after_its_grace(world):
    name = orphaned(world)
    world.clock.advance(MINUTE - timedelta(seconds=1))
    assert actions(world) == []
    world.clock.advance(timedelta(seconds=1))
    assert actions(world) == [("orphan", name)]
    world.cluster.settle()
    assert world.cluster.pods == {}


def test_a_pod_that_came_after_its_weaver_had_ended_is_an_orphan(world):
    """A create that slept in the middle, woke up after the sweep had undone it, and died right after its POST."""
    made = world.created_and_running()
    pod = world.cluster.pods[made.pod_name]
    world.cluster.pods.clear()
    world.clock.advance(2 * MINUTE)
    world.sweep(reconcile=True)
    world.cluster.pods[made.pod_name] = pod
    assert actions(world) == [("orphan", made.pod_name)]


def test_a_pod_that_ended_by_itself_is_told_of(world):
    made = world.created_and_running()
    ended = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}, "name": "weaver", "ready": False}
    world.cluster.set_status(made.pod_name, {"phase": "Succeeded", "containerStatuses": [ended]})
    assert actions(world) == [("look", made.id)]
    assert world.recorded(made).status == "succeeded"
    assert actions(world) == []


def test_an_index_that_is_behind_ends_nobody(world):
    """Neither a weaver that the index does not have yet, nor one whose pod is there after all."""
    made = world.created_and_running()
    world.clock.advance(2 * MINUTE)
    behind = BehindStore(world, missing={made.id})
    reconciling(world, store=behind)
    assert actions(world) == []
    assert "deletionTimestamp" not in world.cluster.pods[made.pod_name]["metadata"]
    ghost = weaver(created_at=NOW)
    behind = BehindStore(world, missing=set(), extra=[Living(ghost.id, "running")])
    reconciling(world, store=behind)
    assert actions(world) == []
    assert world.recorded(made).status == "running"


class BehindStore:
    """The world's store with an index that has not caught up."""

    def __init__(self, world: World, missing: set[str], extra: list[Living] | None = None) -> None:
        self._store, self._missing, self._extra = world.store, missing, extra or []

    def living(self, cluster, after, until, limit):
        found = [one for one in self._store.living(cluster, after, until, limit) if one.id not in self._missing]
        return [*found, *self._extra]

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_pods_of_another_control_plane_in_the_namespace_are_left_alone(world):
    name = orphaned(world)
    world.cluster.pods[name]["metadata"]["labels"]["loom.dev/deployment"] = "somebody-elses"
    world.clock.advance(2 * MINUTE)
    assert actions(world) == []


def test_a_sweep_deletes_so_many_orphans_and_no_more(world):
    world.launch = replace(world.launch, settings=replace(world.launch.settings, user_limit=999, org_limit=999))
    names = {orphaned(world) for _ in range(MAX_ORPHANS + 1)}
    world.clock.advance(2 * MINUTE)
    first = world.sweep(reconcile=True)
    assert (first.count("orphan"), first.more) == (MAX_ORPHANS, True)
    world.cluster.settle()
    second = world.sweep(reconcile=True)
    assert (second.count("orphan"), second.more) == (1, False)
    assert {step.subject for step in [*first.steps, *second.steps]} == names


@pytest.mark.parametrize("page", [1, 2, 3, 7])
def test_whatever_the_pages_everything_is_met(world, page):
    """Pods without records, records without pods, and pairs, in one order of ids, on pages of any size."""
    reconciling(world, page_size=page)
    world.launch = replace(world.launch, settings=replace(world.launch.settings, user_limit=999, org_limit=999))
    orphans, lost = set(), set()
    for kind in "plooplllpoopplo":
        world.clock.advance(timedelta(seconds=1))
        made = world.created_and_running()
        if kind == "o":
            del world.store.records[made.id]
            orphans.add(made.pod_name)
        if kind == "l":
            del world.cluster.pods[made.pod_name]
            lost.add(made.id)
    world.clock.advance(2 * MINUTE)
    report = world.sweep(reconcile=True)
    assert {step.subject for step in report.steps if step.action == "orphan"} == orphans
    assert {step.subject for step in report.steps if step.action == "lost"} == lost
    assert len(report.steps) == len(orphans) + len(lost)
    assert (report.more, report.active) == (False, 5 + len(lost))
    world.cluster.settle()
    assert actions(world) == []
    assert set(world.cluster.pods) == {one.pod_name for one in world.living()}


def test_a_pass_goes_on_where_the_last_sweep_stopped(world):
    reconciling(world, page_size=1)
    for _ in range(3):
        world.clock.advance(timedelta(seconds=1))
        world.created_and_running()
    lists = []

    def slow(moment, args):
        if moment == "before list_pods":
            lists.append(args)
            world.clock.advance(timedelta(seconds=30))

    world.watcher = slow
    first = world.sweep(reconcile=True, time_limit=timedelta(seconds=45))
    assert (first.more, first.active, len(lists)) == (True, None, 2)
    second = world.sweep(reconcile=True, time_limit=timedelta(seconds=45))
    assert (second.more, second.active) == (False, 3)
    assert [args[2] is None for args in lists] == [True, False, False]


def test_a_page_that_is_no_longer_kept_begins_the_pass_anew(world):
    made = world.created_and_running()
    world.cluster.pods.clear()
    world.clock.advance(2 * MINUTE)
    world.store.move_cursor(Cursor(after="f", pods_token="old", seen=99, version=1))

    def expired(moment, args):
        if moment == "before list_pods" and args[2] == "old":
            raise PodListExpired

    world.watcher = expired
    report = world.sweep(reconcile=True)
    assert [(step.action, step.subject) for step in report.steps] == [("lost", made.id)]
    assert report.active == 1


def test_counters_are_recounted_in_turn(world):
    reconciling(world, counters_a_pass=1)
    world.created_and_running()
    owner, org = f"owner#{ALICE.user_id}", f"org#{ALICE.personal_org_id}"
    world.store.miscounts = {owner: 2, org: -1}
    assert actions(world) == [("repair", org)]
    assert actions(world) == [("repair", owner)]
    assert world.store.miscounts == {}
    assert [actions(world) for _ in range(3)] == [[], [], []]


def test_a_counter_that_is_counted_on_meanwhile_is_left_to_the_next_pass(world):
    world.created_and_running()
    org = f"org#{ALICE.personal_org_id}"
    world.store.miscounts = {org: 2}
    world.meanwhile("before repair", lambda _counter: world.create())
    assert actions(world) == []
    assert world.store.miscounts == {org: 2}
    world.sweep(reconcile=True)
    assert world.store.miscounts == {}


def test_a_dry_run_tells_and_moves_nothing(world):
    reconciling(world, page_size=1)
    name = orphaned(world)
    world.clock.advance(timedelta(seconds=1))
    lost = world.created_and_running()
    del world.cluster.pods[lost.pod_name]
    world.clock.advance(2 * MINUTE)
    assert set(actions(world, dry_run=True)) == {("orphan", name), ("lost", lost.id)}
    assert world.store.cursor() == Cursor()
    assert "deletionTimestamp" not in world.cluster.pods[name]["metadata"]
    assert world.recorded(lost).ended_at is None


def test_a_cluster_that_fails_keeps_nobody_from_expiring(world):
    made = world.created_and_running(lifetime_hours=0.5)
    world.clock.advance(timedelta(hours=1))
    world.cluster.failures["list_pods"] = ClusterError("etcd has no leader")
    report = world.sweep(reconcile=True)
    assert (report.deleted_ids, report.failed_count) == ([made.id], 1)


def test_two_sweeps_at_once_reconcile_once(world):
    name = orphaned(world)
    world.clock.advance(2 * MINUTE)
    world.meanwhile("before move_cursor", lambda _cursor: world.sweep(reconcile=True))
    assert world.sweep(reconcile=True).failed_count == 0
    assert world.store.cursor().version == 1
    assert "deletionTimestamp" in world.cluster.pods[name]["metadata"]


def test_a_sweep_of_the_other_minute_does_not_reconcile(world):
    world.created_and_running()
    world.cluster.calls.clear()
    world.clock.advance(MINUTE)
    world.sweep()
    assert world.cluster.calls == []
    world.clock.advance(MINUTE)
    world.sweep()
    assert world.cluster.calls == ["list_pods"]
