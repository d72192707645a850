"""What chaos consists of: each suite looks at its points, tells what it finds, and counts."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.chaos import wire
from tests.chaos.call_sites import met_sites
from tests.chaos.counts import Counts, Violated, Violation, counted
from tests.chaos.crash_points import Worlds, all_points, found_at
from tests.chaos.machine import Lifecycle
from tests.chaos.real import RealLifecycle, servers
from tests.chaos.tabled import tabled
from tests.dynamodb_local import dynamodb_local

#: So much is told of what a suite finds.
_TOLD: Final = 20
#: In the short form one point in so many is looked at.
_SAMPLE: Final = 7
_PROGRESS: Final = 2000
#: At least so many ways to go wrong there are for all requests.
_REQUESTS_GO_WRONG: Final = 1000
#: Tests that look for one bad order of events among many, or at a bad cluster and a bad table.
_TESTS: Final = (
    "tests/chalicelib/races",
    "tests/chalicelib/adapters/test_bad_cluster.py",
    "tests/chalicelib/adapters/test_bad_table.py",
    "tests/chalicelib/api/test_budget.py",
)


@dataclass(frozen=True, slots=True)
class Run:
    """``full`` length or short; ``worlds`` makes what is put to the test, with or without a fault planted."""

    full: bool
    worlds: Worlds
    planted: bool
    tell: Callable[[str], None] = print


@dataclass(frozen=True, slots=True)
class Result:
    """``wanted`` is how many points there are to look at, as the suite generated them."""

    counts: Counts
    wanted: int


def crash_points(run: Run) -> Result:
    """Every call of a port that the services make, and every call that their code has."""
    every = list(all_points((0, 1), and_pairs=True)) if run.full else list(all_points((0,)))[::_SAMPLE]
    found = [
        Violation("wrong", f"no scenario makes this call: {site}")
        for site, met in met_sites().items()
        if met != {"before", "after"}
    ]
    for number, point in enumerate(every, start=1):
        found += found_at(point, run.worlds)
        if number % _PROGRESS == 0:
            run.tell(f"crash points: {number} of {len(every)}")
    return Result(_told(run, len(every), found), len(every))


def crash_points_in_tables(run: Run) -> Result:
    """Where a process dies, with the real store: its counters and locks are its own work, and not counted from the living."""
    every = [point for point in all_points((0,)) if point.how == "dies"]
    with _aws_names(), dynamodb_local() as url:
        found = [violation for point in every for violation in found_at(point, tabled(url))]
    return Result(_told(run, len(every), found), len(every))


def machine(run: Run) -> Result:
    """Random orders of everything, over fakes."""
    kind = type("Lifecycle", (Lifecycle,), {"worlds": staticmethod(run.worlds)})
    examples, steps = (10_000, 50) if run.full else (40, 30)
    return sequences(run, kind, examples, steps, shortest=run.full and not run.planted)


def sequences(
    run: Run, kind: type[RuleBasedStateMachine], examples: int, steps: int, *, shortest: bool = False
) -> Result:
    """``examples`` random sequences of up to ``steps`` each; in the short form always the same ones.

    ``shortest`` looks for the shortest one that finds something.
    """
    looked_at = 0

    def begun() -> RuleBasedStateMachine:
        nonlocal looked_at
        looked_at += 1
        return kind()

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=not run.full,
        phases=[Phase.generate, Phase.shrink] if shortest else [Phase.generate],
        verbosity=Verbosity.quiet if run.planted else Verbosity.normal,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    found: Sequence[Violation] = ()
    try:
        run_state_machine_as_test(begun, settings=chosen)  # type: ignore[arg-type]  # any factory
    except Exception as error:  # noqa: BLE001  # a machine that breaks is a finding, too
        seen = _violated(error)
        found = seen.violations if seen else [Violation("wrong", repr(error))]
        run.tell("\n".join(seen.diary if seen else ()))
    return Result(_told(run, looked_at, found), examples)


def _violated(error: BaseException) -> Violated | None:
    """What was found; Hypothesis wraps what it could not find again, which on real servers may well be."""
    if isinstance(error, Violated):
        return error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next(filter(None, map(_violated, inner)), None)


def real_machine(run: Run) -> Result:
    """Random orders of everything, over DynamoDB Local and the pod API server."""
    with _aws_names(), tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as running:
        kind = type("RealLifecycle", (RealLifecycle,), {"servers": running})
        return sequences(run, kind, *((60, 30) if run.full else (3, 12)))


def bad_wire(run: Run) -> Result:
    """Every request to DynamoDB and Kubernetes, with everything that can happen to it on the way."""
    with _aws_names(), dynamodb_local() as url, tempfile.TemporaryDirectory() as folder:
        counts = wire.run(url, Path(folder), full=run.full, tell=run.tell)
    return Result(counts, max(counts.points, _REQUESTS_GO_WRONG if run.full else 1))


def races_and_bad_servers(run: Run) -> Result:
    """Races and bad servers, which are tests by themselves: a point each. One that is left out is missing from the points."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "--timeout=3600",
            "--show-capture=no",
            f"--junitxml={report}",
        ]
        done = subprocess.run([sys.executable, *command, *_TESTS], capture_output=True, text=True, check=False)
        suite = ElementTree.parse(report).find("testsuite")
    assert suite is not None, done.stdout
    collected, left_out = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
    failed = [case for case in suite if case.find("failure") is not None or case.find("error") is not None]
    found = [Violation("wrong", f"failed: {case.attrib['classname']} {case.attrib['name']}") for case in failed]
    if failed:
        run.tell(done.stdout)
    return Result(_told(run, collected - left_out, found), max(collected, len(_TESTS)))


def _told(run: Run, points: int, found: Sequence[Violation]) -> Counts:
    for violation in found[:_TOLD]:
        run.tell(str(violation))
    return counted(points, found)


@contextmanager
def _aws_names() -> Iterator[None]:
    """Any credentials will do for DynamoDB Local, but there must be some."""
    names = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


Suite = Callable[[Run], Result]
#: By name, in the order in which they run. What every run of the tests has time for, and all of it.
OVER_FAKES: Final[Mapping[str, Suite]] = {"crash points": crash_points, "random orders": machine}
EVERYTHING: Final[Mapping[str, Suite]] = {
    **OVER_FAKES,
    "crash points in tables": crash_points_in_tables,
    "random orders, real servers": real_machine,
    "races and bad servers": races_and_bad_servers,
    "bad wire": bad_wire,
}
