"""Every scenario, disturbed at every call of a port that it makes: before the call, and after.

The points are not written down: each scenario is played to see which calls it makes.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

from chalicelib.domain.errors import (
    ClusterError,
    ClusterRefused,
    ClusterTimeout,
    RetryLater,
    VersionConflict,
    WeaverError,
)
from chalicelib.services.ports import PodListExpired
from tests.chalicelib.samples import MINUTE
from tests.chalicelib.services.world import World
from tests.chaos.counts import Violation
from tests.chaos.judge import judged, judged_closed
from tests.chaos.node import HeldCluster
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.stage import Killed, Stage, Watcher, nothing

#: Makes a World of the parts that are given.
Worlds = Callable[..., World]

_CLUSTER: Final = {"create_pod", "get_pod", "delete_pod", "list_pods", "pod_events"}
_CONDITIONAL: Final = {"update", "end", "repair", "move_cursor"}
#: Sweeps that pass while a process sleeps, and until all must be well.
_SWEEPS: Final = 2


@dataclass(frozen=True, slots=True)
class Point:
    """``how`` the process of ``scenario`` is disturbed at the ``number``-th moment, which is ``moment``.

    ``error`` is what a port raises. ``then`` is how many calls a process that slept makes before it dies. ``minute`` is when
    the scenario begins: every second minute's sweep reconciles.
    """

    scenario: Scenario
    number: int
    moment: str
    how: str
    minute: int = 0
    error: type[Exception] | None = None
    then: int | None = None

    def __str__(self) -> str:
        how = f"{self.how} with {self.error.__name__}" if self.error else self.how
        died = f", dies {self.then} calls later" if self.then is not None else ""
        return f"{self.scenario.name}, {how} at {self.number} ({self.moment}){died}, minute {self.minute}"


def points(scenario: Scenario, minute: int = 0) -> Iterator[Point]:
    """Every way in which ``scenario`` can be disturbed once."""
    for number, moment in enumerate(moments(scenario, minute)):
        for how in ("dies", "dies and is repeated", "sleeps", "is repeated meanwhile"):
            yield Point(scenario, number, moment, how, minute)
        for error in contract_errors(moment):
            yield Point(scenario, number, moment, "fails", minute, error)


def pairs(scenario: Scenario, minute: int = 0) -> Iterator[Point]:
    """Every way in which a process can sleep for two sweeps, wake up, and die before it is done."""
    for number, moment in enumerate(moments(scenario, minute)):
        slept = Point(scenario, number, moment, "sleeps", minute)
        for then in range(_calls_after(slept)):
            yield Point(scenario, number, moment, "sleeps", minute, then=then)


def all_points(minutes: Iterable[int], *, and_pairs: bool = False) -> Iterator[Point]:
    """Of all scenarios, begun at each of ``minutes``."""
    for minute in minutes:
        for scenario in SCENARIOS:
            yield from chain(points(scenario, minute), pairs(scenario, minute) if and_pairs else ())


def moments(scenario: Scenario, minute: int = 0) -> list[str]:
    """What the scenario calls when it is left alone: ``before get``, ``after get`` and so on."""
    seen: list[str] = []
    watched(scenario, lambda moment, _args: seen.append(moment), minute)
    return seen


def watched(scenario: Scenario, fault: Watcher, minute: int = 0) -> None:
    """The scenario, with ``fault`` told of each call."""
    stage = _begun(scenario, World, minute)
    stage.fault = fault
    _attempt(scenario, stage)


def _calls_after(slept: Point) -> int:
    made: list[str] = []
    _played(slept, World, lambda moment, _args: made.append(moment))
    return len(made)


def found_at(point: Point, worlds: Worlds = World) -> list[Violation]:
    """What is wrong two sweeps after ``point``, and when everything is deleted after that."""
    stage = _played(point, worlds, dead if point.then is not None else nothing)
    stage.fault = stage.hook = nothing
    stage.minutes(_SWEEPS)
    found = judged(stage)
    if not found:
        stage.close()
        found = judged_closed(stage)
    return [Violation(one.kind, f"{point}: {one.told}") for one in found]


def _played(point: Point, worlds: Worlds, afterwards: Watcher) -> Stage:
    """The scenario disturbed at ``point``; ``afterwards`` is told of the calls from ``then`` on."""
    stage = _begun(point.scenario, worlds, point.minute)
    stage.fault = _at(point.number, partial(_disturb, point, stage, _later(point.then or 0, afterwards)))
    died = _attempt(point.scenario, stage)
    if died and point.how == "dies and is repeated":
        stage.fault = nothing
        _attempt(point.scenario, stage)
    return stage


def _begun(scenario: Scenario, worlds: Worlds, minute: int) -> Stage:
    world = worlds(cluster=HeldCluster())
    world.clock.advance(minute * MINUTE)
    stage = Stage(world)
    scenario.begin(stage)
    return stage


def _attempt(scenario: Scenario, stage: Stage) -> bool:
    """Whether the process died on the way. Refusals and errors of the tree are answers; others nobody must ever see."""
    try:
        scenario.act(stage)
    except WeaverError:
        pass
    except Killed:
        return True
    except Exception:  # noqa: BLE001  # it is what is looked for
        stage.witness.violations.append(Violation("wrong", traceback.format_exc(limit=-2)))
    return False


def _at(number: int, disturb: Callable[[], None]) -> Watcher:
    passed = 0

    def fault(_moment: str, _args: tuple[Any, ...]) -> None:
        nonlocal passed
        passed += 1
        if passed == number + 1:
            disturb()

    return fault


def _later(number: int, fault: Watcher) -> Watcher:
    passed = 0

    def after(moment: str, args: tuple[Any, ...]) -> None:
        nonlocal passed
        passed += 1
        if passed > number:
            fault(moment, args)

    return after


def _disturb(point: Point, stage: Stage, afterwards: Watcher) -> None:
    match point.how:
        case "sleeps":
            stage.minutes(_SWEEPS)
            stage.fault = afterwards
        case "is repeated meanwhile":
            with stage.aside():
                _attempt(point.scenario, stage)
        case "fails":
            assert point.error
            raise point.error("made to fail")
        case _:
            stage.fault = dead
            raise Killed


def dead(_moment: str, _args: tuple[Any, ...]) -> None:
    """A dead process calls nobody any more, whatever its ``finally`` blocks say."""
    raise Killed


def contract_errors(moment: str) -> Iterator[type[Exception]]:
    """The port's own: before the call did anything, and after, when the answer was lost."""
    when, method = moment.split()
    if method in _CLUSTER:
        yield from (ClusterError, ClusterTimeout)
        if when == "before":
            yield ClusterRefused
            if method == "list_pods":
                yield PodListExpired
    else:
        yield RetryLater
        if method in _CONDITIONAL and when == "before":
            yield VersionConflict
