"""Stories of create, extend, delete, describe and sweep, to be disturbed at every call of a port that they make.

In each there is a running weaver of Alice's, ``bystander``, whom none of it concerns, and ``first``, whose lifetime is an hour.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout
from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from chalicelib.domain.sweep_plan import Cursor
from chalicelib.domain.weaver import FORCE_AFTER, Weaver
from chalicelib.services.describe import Listing
from chalicelib.services.ports import PodListExpired
from tests.chalicelib.samples import ALICE, BOB, MINUTE
from tests.chalicelib.samples import weaver as new_weaver
from tests.chalicelib.services.world import DEPLOYMENT, RUNNING
from tests.chaos.node import HeldCluster
from tests.chaos.stage import Killed, Stage, nothing

BYSTANDER: Final = "bystander"
FIRST: Final = "first"
HOUR: Final = timedelta(hours=1)
IN_ACME: Final = replace(ALICE, org_roles={"acme": "org_member"})
SUCCEEDED: Final = {
    "phase": "Succeeded",
    "containerStatuses": [{"name": "weaver", "ready": False, "state": {"terminated": {"exitCode": 0}}}],
}
_POD: Final = PodRequest("registry.example/git:1", "https://loom.example", deployment=DEPLOYMENT)

Act = Callable[[Stage], object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """``act`` is what a process does and what is disturbed; ``prepare`` went before it, undisturbed."""

    name: str
    act: Act
    prepare: Sequence[Act] = ()

    def __str__(self) -> str:
        return self.name

    def begin(self, stage: Stage) -> None:
        """Until right before ``act``."""
        stage.running(name=BYSTANDER, lifetime_hours=40)
        stage.running(name=FIRST, lifetime_hours=1)
        for step in self.prepare:
            step(stage)


def first(stage: Stage) -> Weaver:
    """The weaver ``first``."""
    return next(one for one in stage.witness.records.values() if one.name == FIRST)


def later(by: timedelta) -> Act:
    return lambda stage: stage.world.clock.advance(by)


def settled(stage: Stage) -> None:
    stage.settle()


def meanwhile(moment: str, act: Callable[[Stage, tuple[Any, ...]], object]) -> Act:
    """When ``moment`` first comes, somebody else does ``act``, which is told the arguments of the call."""

    def prepare(stage: Stage) -> None:
        def hook(seen: str, args: tuple[Any, ...]) -> None:
            if seen == moment:
                stage.hook = nothing
                with stage.aside():
                    act(stage, args)

        stage.hook = hook

    return prepare


def failing(moment: str, error: type[BaseException]) -> Act:
    """When ``moment`` first comes, the port raises ``error``."""

    def fail(_stage: Stage, _args: tuple[Any, ...]) -> None:
        raise error("made to fail")

    return meanwhile(moment, fail)


def killed(moment: str, **body: Any) -> Act:
    """A create whose process died at ``moment``."""

    def prepare(stage: Stage) -> None:
        failing(moment, Killed)(stage)
        with contextlib.suppress(Killed):
            stage.create(**body)

    return prepare


def creates(**body: Any) -> Act:
    return lambda stage: stage.create(**body)


def extends(hours: float = 5, reference: str = FIRST) -> Act:
    return lambda stage: stage.extend(reference, hours, IN_ACME)


def extended_meanwhile(moment: str) -> Act:
    return meanwhile(moment, lambda stage, _args: stage.extend(FIRST, 9))


def deletes(stage: Stage) -> None:
    stage.delete(FIRST)


def describes(stage: Stage) -> None:
    stage.world.describe(IN_ACME, FIRST, refresh=True)


def sweeps(stage: Stage) -> None:
    stage.sweep()


def pod_vanishes(stage: Stage) -> None:
    del stage.world.cluster.pods[first(stage).pod_name]


def pod_succeeds(stage: Stage) -> None:
    stage.world.cluster.set_status(first(stage).pod_name, SUCCEEDED)


def pods_run(stage: Stage) -> None:
    for name in stage.world.cluster.pods:
        stage.world.cluster.set_status(name, RUNNING)


def orphan_comes(stage: Stage) -> None:
    stage.world.cluster.create_pod(weaver_pod(new_weaver(created_at=stage.world.clock.now), _POD))


def pods_are_being_deleted(stage: Stage) -> None:
    for one in stage.witness.records.values():
        if one.name not in (BYSTANDER, FIRST):
            stage.world.cluster.delete_pod(one.pod_name)


def orphans_are_being_deleted(stage: Stage) -> None:
    known = {one.pod_name for one in stage.witness.records.values()}
    for name in stage.world.cluster.pods.keys() - known:
        stage.world.cluster.delete_pod(name)


def nodes_are_lost(stage: Stage) -> None:
    """Of all pods that are being deleted."""
    cluster = stage.world.cluster
    assert isinstance(cluster, HeldCluster)
    cluster.lost |= {name for name, pod in cluster.pods.items() if "deletionTimestamp" in pod["metadata"]}


def counters_are_wrong(stage: Stage) -> None:
    by = {f"owner#{ALICE.user_id}": 2, f"org#{ALICE.personal_org_id}": -1}
    stage.world.store.miscounts = by
    stage.witness.miscounted.update(by)


def pages_of_one(stage: Stage) -> None:
    sweep = stage.world.sweep
    stage.world.sweep = replace(sweep, reconcile=replace(sweep.reconcile, page_size=1))


def page_was_kept_too_long(stage: Stage) -> None:
    stage.world.store.move_cursor(Cursor(after="f", pods_token="old", version=1))
    failing("before list_pods", PodListExpired)(stage)


def foreign_pod_comes(stage: Stage, args: tuple[Any, ...]) -> None:
    [manifest] = args
    foreign = {"name": manifest["metadata"]["name"], "uid": "foreign", "labels": {}}
    stage.world.cluster.pods[foreign["name"]] = {"metadata": foreign, "status": {"phase": "Pending"}}


def lists(stage: Stage) -> None:
    stage.world.describe.list(IN_ACME, Listing())
    stage.world.describe.list(IN_ACME, Listing(org_id="acme", ended=True))


def create_twice(stage: Stage) -> None:
    """By Bob, who has no others: no limit comes before the key."""
    stage.create(BOB, key="k")
    stage.create(BOB, key="k")


_API: Final = {"name": "api", "key": "k"}
_EXPIRED: Final = later(HOUR)

CREATES: Final = (
    Scenario("create", creates()),
    Scenario("create with a name", creates(name="api")),
    Scenario("create with a key, and again", create_twice),
    Scenario("create again after a death before the pod", creates(**_API), [killed("after reserve", **_API)]),
    Scenario("create again after a death with the pod made", creates(**_API), [killed("after create_pod", **_API)]),
    Scenario(
        "create again while the pod is being deleted",
        creates(**_API),
        [killed("after create_pod", **_API), pods_are_being_deleted],
    ),
    Scenario("create refused", creates(name="api"), [failing("before create_pod", ClusterRefused)]),
    Scenario("create that fails", creates(name="api"), [failing("before create_pod", ClusterError)]),
    Scenario("create timing out with the pod made", creates(**_API), [failing("after create_pod", ClusterTimeout)]),
    Scenario("create with a name that is taken", creates(name=FIRST)),
    Scenario("create over the limit", creates(), [creates()]),
    Scenario("create with a key of another request", creates(key="k"), [creates(**_API)]),
    Scenario(
        "create with a foreign pod in the way", creates(name="api"), [meanwhile("before create_pod", foreign_pod_comes)]
    ),
    Scenario(
        "create that is deleted before its pod is made",
        creates(name="api"),
        [meanwhile("before create_pod", lambda stage, _args: stage.delete("api"))],
    ),
    Scenario(
        "create that is looked at before its pod is made",
        creates(name="api"),
        [meanwhile("before create_pod", lambda stage, _args: stage.world.describe(ALICE, "api"))],
    ),
    Scenario(
        "create that is deleted meanwhile",
        creates(name="api"),
        [meanwhile("after create_pod", lambda stage, _args: stage.delete("api"))],
    ),
)

CHANGES: Final = (
    Scenario("extend", extends()),
    Scenario("extend to less", extends(0.5)),
    Scenario("extend by a short id", lambda stage: stage.extend(first(stage).id[-8:], 5, IN_ACME)),
    Scenario("extend by the full id", lambda stage: stage.extend(first(stage).id, 5)),
    Scenario("extend while it is extended", extends(), [extended_meanwhile("before update")]),
    Scenario("extend at the end of its life", extends(), [_EXPIRED]),
    Scenario("extend when it was deleted", extends(), [deletes]),
    Scenario("delete", deletes),
    Scenario("delete with the pod gone", deletes, [pod_vanishes]),
    Scenario("delete with a cluster that fails", deletes, [failing("before delete_pod", ClusterError)]),
    Scenario("delete while it is extended", deletes, [extended_meanwhile("before update")]),
    Scenario("delete of one that ended by itself", deletes, [pod_succeeds]),
    Scenario("delete again", deletes, [deletes]),
    Scenario("delete again when the pod is gone", deletes, [deletes, settled]),
    Scenario("delete of one whose create died", lambda stage: stage.delete("api"), [killed("after reserve", **_API)]),
    Scenario("describe", describes),
    Scenario("describe one that starts", lambda stage: stage.world.describe(ALICE, "api"), [creates(**_API), pods_run]),
    Scenario("describe one whose pod is gone", describes, [pod_vanishes]),
    Scenario("describe one that ended by itself", describes, [pod_succeeds]),
    Scenario("describe while it is extended", describes, [pod_succeeds, extended_meanwhile("before update")]),
    Scenario("list", lists),
)

SWEEPS: Final = (
    Scenario("sweep that expires", sweeps, [_EXPIRED]),
    Scenario("sweep that meets an extension", sweeps, [_EXPIRED, extended_meanwhile("before update")]),
    Scenario(
        "sweep that expires, with a cluster that fails", sweeps, [_EXPIRED, failing("before delete_pod", ClusterError)]
    ),
    Scenario("sweep that expires several", sweeps, [creates(lifetime_hours=1), pods_run, _EXPIRED]),
    Scenario("sweep that waits for a pod to go", sweeps, [_EXPIRED, sweeps]),
    Scenario("sweep that finishes", sweeps, [_EXPIRED, sweeps, settled]),
    Scenario("sweep that forces", sweeps, [deletes, nodes_are_lost, later(FORCE_AFTER)]),
    Scenario("sweep that undoes", sweeps, [killed("after reserve", **_API), later(MINUTE)]),
    Scenario("sweep that undoes with the pod", sweeps, [killed("after create_pod", **_API), later(MINUTE)]),
    Scenario("sweep that sees one starting", sweeps, [creates(**_API), pods_run]),
    Scenario("sweep that looks in vain", sweeps, [creates(**_API), sweeps]),
    Scenario("sweep that misses a pod", sweeps, [pod_vanishes, later(2 * MINUTE)]),
    Scenario("sweep that sees one that ended by itself", sweeps, [pod_succeeds]),
    Scenario("sweep that finds an orphan", sweeps, [orphan_comes, later(2 * MINUTE)]),
    Scenario(
        "sweep that finds an orphan whose deletion is stuck",
        sweeps,
        [orphan_comes, orphans_are_being_deleted, nodes_are_lost, later(FORCE_AFTER + MINUTE)],
    ),
    Scenario("sweep that repairs", sweeps, [counters_are_wrong]),
    Scenario("sweep over many pages", sweeps, [pages_of_one, orphan_comes, pod_vanishes, later(2 * MINUTE)]),
    Scenario("sweep whose page was kept too long", sweeps, [page_was_kept_too_long]),
    Scenario("sweep that is dry", lambda stage: stage.world.sweep(dry_run=True), [_EXPIRED]),
)

SCENARIOS: Final = (*CREATES, *CHANGES, *SWEEPS)
