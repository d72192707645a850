"""Weavers in several clusters: each is made, looked at, ended and reconciled where it is, and nowhere else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout, InvalidRequest
from chalicelib.domain.sweep_plan import Cursor
from chalicelib.domain.weaver import Weaver
from chalicelib.services.clusters import Clusters
from tests.chalicelib.fakes import FakeCluster
from tests.chalicelib.samples import ALICE, MINUTE
from tests.chalicelib.services.world import RUNNING, World


@pytest.fixture
def world() -> World:
    made = World(others={"eu": FakeCluster(), "lab": FakeCluster()})
    made.launch = replace(made.launch, settings=replace(made.launch.settings, user_limit=999, org_limit=999))
    return made


def clusters(world: World) -> dict[str, FakeCluster]:
    return {"default": world.cluster, **world.others}


def pods(world: World) -> dict[str, set[str]]:
    return {name: set(cluster.pods) for name, cluster in clusters(world).items()}


def running(world: World, cluster: str) -> Weaver:
    """A weaver that came all the way there."""
    made = world.create(cluster=cluster)
    clusters(world)[cluster].set_status(made.pod_name, RUNNING)
    return world.describe(ALICE, made.id)


def knowing(world: World, names: set[str]) -> None:
    """From now on the deployment has the clusters of these names."""
    there = Clusters({name: one for name, one in world.launch.clusters.by_name.items() if name in names})
    world.launch, world.describe = replace(world.launch, clusters=there), replace(world.describe, clusters=there)
    world.stop = replace(world.stop, clusters=there, describe=world.describe)
    reconcile = replace(world.sweep.reconcile, clusters=there)
    world.sweep = replace(world.sweep, clusters=there, describe=world.describe, stop=world.stop, reconcile=reconcile)


def test_a_weaver_lives_and_ends_where_it_was_wanted(world: World):
    made = world.create(cluster="eu")
    assert (made.cluster, pods(world)) == ("eu", {"default": set(), "eu": {made.pod_name}, "lab": set()})
    world.others["eu"].set_status(made.pod_name, RUNNING)
    assert world.describe(ALICE, made.id).status == "running"
    world.stop(ALICE, made.id)
    world.others["eu"].settle()
    world.sweep(reconcile=False)
    assert world.recorded(made).ended_at
    assert world.cluster.calls == world.others["lab"].calls == []


def test_without_a_wish_it_is_the_default_one(world: World):
    made = world.create()
    assert (made.cluster, pods(world)["default"]) == ("default", {made.pod_name})


def test_one_that_expires_is_deleted_where_it_is(world: World):
    made = [world.create(cluster=name, lifetime_hours=0.5) for name in clusters(world)]
    world.clock.advance(timedelta(hours=1))
    assert set(world.sweep(reconcile=False).deleted_ids) == {one.id for one in made}
    for cluster in clusters(world).values():
        cluster.settle()
    world.sweep(reconcile=False)
    assert world.living() == []


def test_a_cluster_that_there_is_not_is_told_by_the_field(world: World):
    with pytest.raises(InvalidRequest, match="no 'mars'; there are default, eu, lab") as raised:
        world.create(cluster="mars")
    assert raised.value.details == {"field": "cluster"}
    assert world.store.records == {}


def test_a_repeated_create_goes_where_the_first_one_went(world: World):
    """The first one's process died before it made the pod."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    world.meanwhile("before create_pod", die)
    with pytest.raises(KeyboardInterrupt):
        world.create(cluster="eu", key="k")
    made = world.create(cluster="eu", key="k")
    assert len(world.store.records) == 1
    assert pods(world) == {"default": set(), "eu": {made.pod_name}, "lab": set()}


def test_a_weaver_of_a_cluster_that_is_not_told_any_more_is_not_said_to_be_gone(world: World):
    """Its pod may well run: it keeps its place, loudly, until the cluster is told again."""
    made = world.create(cluster="eu", lifetime_hours=0.5)
    everything = set(clusters(world))
    before = world.describe
    knowing(world, everything - {"eu"})
    with pytest.raises(ClusterError, match="'eu', which this deployment does not have"):
        world.describe(ALICE, made.id)
    world.clock.advance(timedelta(hours=1))
    for _ in range(3):
        assert world.sweep(reconcile=True).failed_count == 1
        world.clock.advance(2 * MINUTE)
    assert (world.recorded(made).status, world.recorded(made).ended_at) == ("terminating", None)
    assert world.stop(ALICE, made.id).status == "terminating"
    assert made.pod_name in world.others["eu"].pods
    world.launch = replace(world.launch, clusters=before.clusters)
    knowing(world, everything)
    world.sweep()
    world.others["eu"].settle()
    world.sweep()
    assert world.recorded(made).ended_at


@pytest.mark.parametrize("page", [1, 2, 5])
def test_every_cluster_is_reconciled_in_a_pass(world: World, page: int):
    world.sweep = replace(world.sweep, reconcile=replace(world.sweep.reconcile, page_size=page))
    orphans, lost, living = set(), set(), 0
    for kind in "plopolpolp":
        for name, cluster in clusters(world).items():
            world.clock.advance(timedelta(seconds=1))
            made = running(world, name)
            if kind == "o":
                del world.store.records[made.id]
                orphans.add((name, made.pod_name))
            else:
                living += 1
            if kind == "l":
                del cluster.pods[made.pod_name]
                lost.add(made.id)
    world.clock.advance(2 * MINUTE)
    report = world.sweep(reconcile=True)
    assert {step.subject for step in report.steps if step.action == "orphan"} == {pod for _, pod in orphans}
    assert {step.subject for step in report.steps if step.action == "lost"} == lost
    assert (report.failed_count, report.more, report.active) == (0, False, living)
    for name, pod in orphans:
        assert "deletionTimestamp" in clusters(world)[name].pods[pod]["metadata"]
    assert world.store.cursor().cluster == ""


def test_a_cluster_that_fails_keeps_the_others_from_nothing(world: World):
    made = running(world, "lab")
    world.others["lab"].pods.clear()
    world.clock.advance(2 * MINUTE)
    world.cluster.failures["list_pods"] = ClusterError("etcd has no leader")
    report = world.sweep(reconcile=True)
    assert [(step.action, step.subject) for step in report.steps] == [("lost", made.id)]
    assert (report.failed_count, report.more) == (1, False)
    assert report.active is None, "nobody knows how many live in it"
    world.cluster.failures.clear()
    assert world.sweep(reconcile=True).active == 0


@pytest.mark.parametrize("error", [ClusterTimeout("no answer"), ClusterError("cannot be reached")])
def test_a_cluster_that_does_not_answer_takes_no_time_from_the_others(world: World, error: Exception):
    """Each question to it takes seconds, and a sweep has 45 for all of them."""
    asked = []

    def slow(moment, args):
        if moment == "before delete_pod":
            asked.append(args)
            world.clock.advance(timedelta(seconds=0 if args[0] in world.others["eu"].pods else 3))

    for _ in range(40):
        running(world, "default")
    for _ in range(40):
        world.clock.advance(timedelta(seconds=1))
        running(world, "eu")
    world.clock.advance(timedelta(hours=4))
    world.watcher = slow
    world.cluster.failures["delete_pod"] = error
    report = world.sweep(reconcile=False)
    assert (report.failed_count, report.more, len(asked)) == (40, False, 8 + 40)
    world.others["eu"].settle()
    world.cluster.failures.clear()
    world.watcher = lambda _moment, _args: None
    for _ in range(2):
        world.sweep(reconcile=False)
        world.cluster.settle()
    world.sweep(reconcile=False)
    assert world.living() == []


def test_what_a_cluster_refuses_says_nothing_about_the_rest_of_it(world: World):
    for _ in range(20):
        running(world, "default")
    world.clock.advance(timedelta(hours=5))
    world.cluster.failures["delete_pod"] = ClusterRefused("no")
    world.cluster.calls.clear()
    world.sweep(reconcile=False)
    assert world.cluster.calls.count("delete_pod") == 20


def test_a_pass_goes_on_in_the_cluster_where_it_stopped(world: World):
    for name in clusters(world):
        world.create(cluster=name)
    walked = []

    def slow(moment, args):
        if moment == "before list_pods":
            walked.append(world.store.cursor().cluster)
            world.clock.advance(timedelta(seconds=30))

    world.watcher = slow
    first = world.sweep(reconcile=True, time_limit=timedelta(seconds=45))
    second = world.sweep(reconcile=True, time_limit=timedelta(seconds=45))
    assert (first.more, first.active, second.more, second.active) == (True, None, False, 3)
    assert walked == ["", "eu", "lab"]


def test_a_pass_in_a_cluster_that_is_not_told_any_more_begins_anew(world: World):
    made = running(world, "lab")
    world.store.move_cursor(Cursor(cluster="eu", after="f", pods_token="old", seen=9, elsewhere=9, version=1))
    knowing(world, {"default", "lab"})
    report = world.sweep(reconcile=True)
    assert (report.failed_count, report.active, report.steps) == (0, 1, [])
    assert made.pod_name in world.others["lab"].pods


def test_two_names_of_one_cluster_cost_nobody_their_pod(world: World):
    """A mistake in the settings: under the second name no pod has a record. But the records are looked at before anything is deleted."""
    world.launch = replace(world.launch, clusters=Clusters({"default": world.cluster, "again": world.cluster}))
    made = world.create()
    world.clock.advance(2 * MINUTE)
    knowing(world, {"default", "again"})
    for _ in range(2):
        world.sweep(reconcile=True)
        world.clock.advance(2 * MINUTE)
    assert "deletionTimestamp" not in world.cluster.pods[made.pod_name]["metadata"]
    assert world.recorded(made).ended_at is None
