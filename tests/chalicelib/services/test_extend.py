import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from queue import Queue
from typing import Any

import pytest

from chalicelib.domain.errors import ClusterRefused, Forbidden, InvalidLifetime, NotFound, RetryLater, WeaverEnded
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import CREATE_GRACE, Weaver
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW
from tests.chalicelib.services.world import World

HOUR = timedelta(hours=1)


def test_an_extended_weaver_outlives_its_old_end_and_not_the_new_one(world):
    made = world.created_and_running(name="api", lifetime_hours=1)
    longer = world.extend(ALICE, "api", 2)
    assert (longer.lifetime_hours, longer.expires_at) == (2, NOW + 2 * HOUR)
    assert world.recorded(made) == longer
    world.clock.advance(2 * HOUR - timedelta(milliseconds=1))
    assert world.sweep().deleted_ids == []
    world.clock.advance(timedelta(milliseconds=1))
    assert world.sweep().deleted_ids == [made.id]


def test_a_shortened_weaver_ends_sooner(world):
    made = world.created_and_running()
    world.extend(ALICE, made.id, 1)
    world.clock.advance(HOUR)
    assert world.sweep().deleted_ids == [made.id]


def test_extending_again_changes_nothing(world):
    made = world.created_and_running()
    longer = world.extend(ALICE, made.id, 8)
    assert world.extend(ALICE, made.id, 8) == longer == world.recorded(made)


def test_an_end_in_the_past_is_refused(world):
    made = world.created_and_running()
    world.clock.advance(HOUR)
    with pytest.raises(InvalidLifetime):
        world.extend(ALICE, made.id, 1)
    assert world.recorded(made) == made


def test_what_is_going_or_gone_is_not_extended(world):
    made = world.created_and_running()
    world.stop(ALICE, made.id)
    with pytest.raises(WeaverEnded, match="deleted before its time by user-alice via API"):
        world.extend(ALICE, made.id, 8)
    world.cluster.settle()
    world.stop(ALICE, made.id)
    with pytest.raises(WeaverEnded, match="deleted before its time by user-alice via API"):
        world.extend(ALICE, made.id, 8)


def test_who_may_extend(world):
    member = Principal("user-carol", "org-carol", {"org-blue": "org_member"})
    admin = Principal("user-dave", "org-dave", {"org-blue": "org_admin"})
    support = Principal("user-fay", "org-fay", system_role="support")
    made = world.create(Principal("user-erin", "org-erin", {"org-blue": "org_member"}), org_id="org-blue")
    with pytest.raises(NotFound):
        world.extend(BOB, made.id, 8)
    for reader in (member, support):
        with pytest.raises(Forbidden):
            world.extend(reader, made.id, 8)
    assert world.recorded(made) == made
    assert world.extend(admin, made.id, 8).lifetime_hours == 8


@pytest.mark.parametrize("moment", ["before create_pod", "after create_pod"])
def test_a_weaver_extended_while_it_is_made_lives_on(world, moment):
    world.meanwhile(
        moment, lambda manifest: world.extend(ALICE, manifest["metadata"]["labels"]["loom.dev/weaver-id"], 8)
    )
    made = world.create()
    assert (made.pod_uid, made.lifetime_hours) == (f"uid-of-{made.pod_name}", 8)
    world.clock.advance(CREATE_GRACE)
    assert world.sweep().deleted_ids == []
    assert world.recorded(made).pod_uid


def test_a_create_that_fails_while_its_weaver_is_extended_is_undone_by_the_sweep(world):
    world.cluster.failures["create_pod"] = ClusterRefused("quota exceeded")
    world.meanwhile("before update", lambda record: world.extend(ALICE, record.id, 8))
    with pytest.raises(ClusterRefused):
        world.create()
    world.clock.advance(CREATE_GRACE)
    world.sweep()
    assert world.living() == []


def test_a_record_that_never_holds_still_is_not_waited_for_for_ever(world):
    made = world.created_and_running()

    def change_it(moment: str, _args: tuple[Any, ...]) -> None:
        if moment == "before update":
            record = world.recorded(made)
            world.store.update(replace(record, version=record.version + 1))

    world.watcher = change_it
    with pytest.raises(RetryLater):
        world.extend(ALICE, made.id, 8)
    assert world.recorded(made).expires_at == made.expires_at


def at_once(world: World, order: random.Random, *cases: Callable[[], object]) -> None:
    """Runs use cases together; before each call of a port, ``order`` says whose turn it is."""
    reports: Queue[str] = Queue()
    turns = {str(number): threading.Semaphore(0) for number in range(len(cases))}

    def wait_for_turn(moment: str, _args: tuple[Any, ...]) -> None:
        if moment.startswith("before"):
            me = threading.current_thread().name
            reports.put(me)
            assert turns[me].acquire(timeout=30)

    def run(case: Callable[[], object], name: str) -> None:
        try:
            case()
        finally:
            reports.put(f"{name} is done")

    world.watcher = wait_for_turn
    threads = [
        threading.Thread(target=run, args=(case, name), name=name) for case, name in zip(cases, turns, strict=True)
    ]
    for thread in threads:
        thread.start()
    waiting = [report for _ in threads if (report := reports.get(timeout=30)) in turns]
    while waiting:
        chosen = waiting.pop(order.randrange(len(waiting)))
        turns[chosen].release()
        if (report := reports.get(timeout=30)) in turns:
            waiting.append(report)
    for thread in threads:
        thread.join(30)
    world.watcher = lambda _moment, _args: None


def test_against_the_sweep_an_extension_wins_or_is_refused():
    """DESIGN §10, promise 3, in 200 orders of what the two ask of their ports."""
    outcomes = {seed: extend_against_the_sweep(random.Random(seed)) for seed in range(200)}
    assert set(outcomes.values()) == {"extended", "refused"}, "the rounds are to reach both"


def extend_against_the_sweep(order: random.Random) -> str:
    world = World()
    made = world.created_and_running(lifetime_hours=1)
    world.clock.advance(HOUR)
    answers: list[Weaver | WeaverEnded] = []

    def extend() -> None:
        try:
            answers.append(world.extend(ALICE, made.id, 8))
        except WeaverEnded as refused:
            answers.append(refused)

    at_once(world, order, extend, world.sweep, world.sweep)
    for _ in range(2):
        world.cluster.settle()
        world.clock.advance(MINUTE)
        world.sweep()
    (answer,) = answers
    if isinstance(answer, WeaverEnded):
        assert (world.living(), world.cluster.pods) == ([], {})
        assert world.recorded(made).reason == "Expired"
        return "refused"
    assert world.recorded(made) == answer
    assert (answer.status, answer.expires_at) == ("running", NOW + 8 * HOUR)
    assert list(world.cluster.pods) == [made.pod_name]
    return "extended"
