"""Sweeps and deletes at once, and a delete of what is only being made: every weaver ends once, and nothing is left behind."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.errors import WeaverError
from chalicelib.domain.weaver import CREATE_GRACE, Weaver
from chalicelib.services.sweep import SweepReport
from tests.chalicelib.races.together import Meeting, at_once
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World
from tests.chaos import length

pytestmark = [
    pytest.mark.needs_dynamodb_local,
    pytest.mark.timeout(length(full=1200, short=120)),
    pytest.mark.xdist_group("races"),
]

WEAVERS = length(full=60, short=30)
DELETES = 20
ROUNDS = length(full=300, short=24)
#: How far the create has come when the delete, which has found the weaver, is where the second moment says.
MEETINGS = (
    ("after reserve", "after list_by_owner"),
    ("before create_pod", "before delete_pod"),
    ("after create_pod", "before delete_pod"),
    ("before update", "before update"),
)


class Ends:
    """A watcher of a World: notes the weavers whose end was decided, and those whose end came, each time."""

    def __init__(self, then: Meeting | None = None) -> None:
        self.decided: list[str] = []
        self.came: list[str] = []
        self._then = then

    def __call__(self, moment: str, args: tuple[Any, ...]) -> None:
        if moment == "after update" and args[0].status == "terminating" and args[0].awaited_at is None:
            self.decided.append(args[0].id)
        if moment == "after end":
            self.came.append(args[0].id)
        if self._then:
            self._then(moment, args)


def test_two_sweeps_at_once_do_the_work_once(world: World, counted: Callable[[], tuple[int, int]]):
    made = [world.created_and_running(lifetime_hours=1) for _ in range(WEAVERS)]
    world.clock.now = made[0].expires_at
    for _ in range(2):  # the first time their ends are decided, the second time they come
        ends = Ends(Meeting("after due", "after due"))
        world.watcher = ends
        reports = at_once([partial(world.sweep, reconcile=False)] * 2)
        assert [one.failed_count for one in reports if isinstance(one, SweepReport)] == [0, 0]
        world.cluster.settle()
        assert sorted(ends.decided + ends.came) == sorted(one.id for one in made)
    assert counted() == (0, 0)


def test_many_deletes_at_once_end_a_weaver_once(world: World, counted: Callable[[], tuple[int, int]]):
    made, other = world.created_and_running(), world.created_and_running()
    ends = Ends()
    world.watcher = ends
    delete = partial(world.stop, ALICE, made.id)
    assert {type(one) for one in at_once([delete] * DELETES)} == {Weaver}
    world.cluster.settle()
    assert {type(one) for one in at_once([delete] * DELETES)} == {Weaver}
    assert (ends.decided, ends.came) == ([made.id], [made.id])
    assert counted() == (1, 1)
    assert list(world.cluster.pods) == [other.pod_name]


def test_a_delete_of_a_weaver_that_is_only_being_made_leaves_nothing(
    world: World, counted: Callable[[], tuple[int, int]]
):
    for n in range(ROUNDS):
        name = f"w{n}"
        world.watcher = Meeting("after reserve", "before list_by_owner", then=Meeting(*MEETINGS[n % len(MEETINGS)]))
        created, deleted = at_once([partial(world.create, name=name), partial(world.stop, ALICE, name)])
        assert isinstance(created, Weaver | WeaverError)
        assert isinstance(deleted, Weaver)
        for _ in range(2):
            world.cluster.settle()
            world.clock.advance(CREATE_GRACE)
            assert world.sweep().count("repair") == 0
        assert world.recorded(deleted).ended_at is not None
        assert world.cluster.pods == {}
        assert counted() == (0, 0)
