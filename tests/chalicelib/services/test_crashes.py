"""DESIGN §10, promise 1: killing any process at any step leaves, after two sweeps, no orphan pod, no leaked quota, no stuck
status. Here a process is killed before and after each single call that it makes of a port."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.errors import ClusterRefused, ClusterTimeout
from chalicelib.domain.weaver import CREATE_GRACE
from tests.chalicelib.samples import ALICE, MINUTE
from tests.chalicelib.services.world import World


class Killed(BaseException):
    """Nothing that runs in the process gets to see a kill: it is no Exception."""


def launch(world: World) -> None:
    world.create(name="api")


def launch_again_with_the_key(world: World) -> None:
    try:
        world.create(name="api", key="k")
    except Killed:
        world.watcher = lambda _moment, _args: None
        world.create(name="api", key="k")
        raise


def launch_refused(world: World) -> None:
    world.cluster.failures["create_pod"] = ClusterRefused("quota exceeded")
    with pytest.raises(ClusterRefused):
        world.create(name="api")


def launch_timing_out_with_the_pod_made(world: World) -> None:
    world.cluster.failures["create_pod"], world.cluster.late = ClusterTimeout("no answer"), True
    with pytest.raises(ClusterTimeout):
        world.create(name="api")


def extend(world: World) -> None:
    world.extend(ALICE, "first", 2)


def delete(world: World) -> None:
    world.stop(ALICE, "first")


def delete_with_the_pod_gone(world: World) -> None:
    world.cluster.pods.clear()
    world.stop(ALICE, "first")


def describe_with_the_pod_gone(world: World) -> None:
    world.cluster.pods.clear()
    world.describe(ALICE, "first", refresh=True)


def expire(world: World) -> None:
    world.clock.advance(60 * MINUTE)
    world.sweep()


def expire_twice(world: World) -> None:
    expire(world)
    world.cluster.settle()
    world.sweep()


def killed_at(scenario: Callable[[World], None], step: int) -> tuple[World, bool]:
    """A world with the running weaver ``first`` in which ``scenario`` was killed at ``step``; False: it has no such step."""
    world = World()
    world.created_and_running(name="first", lifetime_hours=1)
    steps = 0

    def watcher(_moment: str, _args: tuple[Any, ...]) -> None:
        nonlocal steps
        steps += 1
        if steps > step:
            raise Killed

    world.watcher = watcher
    try:
        scenario(world)
    except Killed:
        return world, True
    finally:
        world.watcher = lambda _moment, _args: None
        world.cluster.failures.clear()
        world.cluster.late = False
    return world, False


def sweep_twice(world: World) -> None:
    for _ in range(2):
        world.clock.advance(CREATE_GRACE)
        world.sweep()
        world.cluster.settle()


@pytest.mark.parametrize(
    ("scenario", "minimum_steps"),
    [
        (launch, 6),
        (launch_again_with_the_key, 6),
        (launch_refused, 7),
        (launch_timing_out_with_the_pod_made, 5),
        (extend, 4),
        (delete, 6),
        (delete_with_the_pod_gone, 8),
        (describe_with_the_pod_gone, 6),
        (expire, 6),
        (expire_twice, 12),
    ],
)
def test_whatever_step_a_process_dies_at_two_sweeps_later_all_is_well(scenario, minimum_steps):
    step, killed = 0, True
    while killed:
        world, killed = killed_at(scenario, step)
        sweep_twice(world)
        living = world.living()
        told = f"killed at step {step}: {living} {list(world.cluster.pods)}"
        assert set(world.cluster.pods) <= {one.pod_name for one in living}, told
        assert all(one.pod_uid for one in living), told
        assert all(one.pod_name in world.cluster.pods for one in living if one.name == "api"), told
        assert not [one for one in living if one.status == "terminating"], told
        for one in living:  # what still counts against the limits can be used and ended
            world.stop(ALICE, one.id)
        world.cluster.settle()
        sweep_twice(world)
        assert (world.living(), world.cluster.pods) == ([], {}), told
        step += 1
    assert step - 1 >= minimum_steps, "the kills did not reach where they were meant to"
