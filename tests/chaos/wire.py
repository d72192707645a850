"""Each use case over the real adapters, with each way to go wrong at each request that it sends to DynamoDB and Kubernetes.

Which requests those are is not written down: each case is played once to see them. What changes something meets every fault of
the catalogue, what only reads meets some; each fault comes once, or stays until the use case is over.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from chalicelib.adapters.deadline import within
from chalicelib.adapters.dynamodb.connection import Patience
from chalicelib.adapters.dynamodb.transaction import read
from chalicelib.adapters.dynamodb.weaver_items import owner_key
from chalicelib.domain.errors import WeaverError
from tests.chalicelib.proxies.faults import DYNAMODB, KUBERNETES, SLOW
from tests.chalicelib.proxies.proxy import Asked, Fault
from tests.chaos.counts import Counts, Violation, counted
from tests.chaos.wire_cases import CASES, Case
from tests.chaos.wire_rig import PATIENT, Rig, Stage, rig

#: Seconds for a use case, and what a busy machine may add.
BUDGET: Final = 15.0
SLACK: Final = 10.0
#: Before what never ends, and before what is repeated in vain, so that it does not take long.
_BRIEF: Final = Patience(connect=1, read=0.3, request=0.4)
_SHORT: Final = Patience(connect=1, read=2, request=1)
#: How often a point is tried until its fault is met: on a busy machine, the impatient give up before they come to it.
_TRIES: Final = 5
#: What may be told, by whether DynamoDB or Kubernetes goes wrong. To the impatient, a busy machine may seem to.
_TOLD: Final = ({"retry_later", "misconfigured"}, {"k8s_error", "weaver_timeout"})
_CHANGES: Final = ("TransactWriteItems", "POST", "DELETE")
_FOR_READS: Final = ("truncated", "hang before", "400 ThrottlingException before", "503 ServiceUnavailable before")


@dataclass(frozen=True, slots=True)
class Point:
    """``fault`` at the ``number``-th request of ``case`` to ``server`` (its proxy's index), once or from then on."""

    case: Case
    number: int
    server: int
    request: str
    fault: Fault
    stays: bool

    @property
    def patience(self) -> Patience:
        return _BRIEF if self.fault in SLOW else _SHORT if self.stays else PATIENT

    def __str__(self) -> str:
        when = "from then on" if self.stays else "once"
        return f"{self.case}: {self.fault} {when} at {self.number} ({self.request})"


def points(rig: Rig, cases: Sequence[Case] = CASES) -> Iterator[Point]:
    """Every one, found by playing each case undisturbed."""
    for case in cases:
        numbers = (count(1), count(1))
        for server, request in _requests(rig, case):
            number = next(numbers[server])
            for fault in (DYNAMODB, KUBERNETES)[server]:
                if request.startswith(_CHANGES) or fault.name in _FOR_READS:
                    for stays in (False, True):
                        yield Point(case, number, server, request, fault, stays)


def _requests(rig: Rig, case: Case) -> list[tuple[int, str]]:
    stage, seen = Stage(rig), list[tuple[int, str]]()
    case.prepare(stage)
    with _met(rig, lambda server, asked: seen.append((server, str(asked)))):
        case.act(stage)
    stage.close()
    return seen


@contextmanager
def _met(rig: Rig, meet: Callable[[int, Asked], Fault | None]) -> Iterator[None]:
    """For each request of the block, ``meet`` says which fault it meets."""
    for server, running in enumerate(rig.proxies):
        running.plan = partial(meet, server)
    try:
        yield
    finally:
        for running in rig.proxies:
            running.plan = lambda _asked: None


@dataclass
class _Played:
    """What came of an act: its answer or error, after how many seconds; and whether the fault was met."""

    answer: Any = None
    error: Exception | None = None
    took: float = 0
    met: bool = False


def found_at(point: Point, rig: Rig) -> list[Violation]:
    """What is wrong with the answer, two sweeps later, and when everything was deleted after that."""
    for _ in range(_TRIES):
        stage = Stage(rig, point.patience)
        point.case.prepare(stage)
        played = _play(point, rig, stage)
        if played.met:
            break
        stage.close()
    found = [*_wrong(point, played)]
    if played.error is None and not point.case.true(stage, played.answer):
        found.append(Violation("wrong", f"what it answered is not so: {played.answer}"))
    stage.minutes(2)
    found += [*_judged(stage), *_lives(point, stage, answered=played.error is None)]
    stage.close()
    found += _left(stage)
    return [Violation(one.kind, f"{point}: {one.told}") for one in found]


def _play(point: Point, rig: Rig, stage: Stage) -> _Played:
    played, number = _Played(), 0

    def meet(server: int, _asked: Asked) -> Fault | None:
        nonlocal number
        number += server == point.server
        if server != point.server or number < point.number or (number > point.number and not point.stays):
            return None
        played.met = True
        return point.fault

    begun = time.monotonic()
    with _met(rig, meet), within(BUDGET):
        try:
            played.answer = point.case.act(stage)
        except Exception as error:  # noqa: BLE001  # which ones are right is judged below
            played.error = error
    played.took = time.monotonic() - begun
    return played


def _wrong(point: Point, played: _Played) -> Iterator[Violation]:
    if not played.met:
        yield Violation("wrong", "the fault was not met")
    if played.took > BUDGET + SLACK:
        yield Violation("wrong", f"it took {played.took:.1f} s")
    told = _TOLD[point.server] if point.patience is PATIENT else _TOLD[0] | _TOLD[1]
    if played.error and not (isinstance(played.error, WeaverError) and played.error.code in told):
        yield Violation("wrong", f"it told {played.error!r}")


def _lives(point: Point, stage: Stage, *, answered: bool) -> Iterator[Violation]:
    living = [one for one in stage.records() if not one.ended_at]
    wanted = {
        "always": True,
        "never": False,
        "if answered": True if answered else None,  # what failed by a lost answer leaves a weaver like any other
        "unless answered": False if answered else None,
    }
    if wanted[point.case.lives] not in (None, bool(living)):
        yield Violation("wrong", f"{'answered' if answered else 'failed'}, and two sweeps later: {stage.records()}")


def _judged(stage: Stage) -> Iterator[Violation]:
    records = stage.records()
    living = {one.pod_name: one for one in records if not one.ended_at}
    pods = {pod["metadata"]["name"]: pod for pod in stage.pods()}
    for name in pods.keys() - living.keys():
        yield Violation("orphan", f"{name} of {records}")
    for name, one in living.items():
        if one.status == "terminating" or one.expires_at <= stage.clock():
            yield Violation("stuck", f"it does not end: {one}")
        elif name not in pods:
            yield Violation("leak", f"it counts, and has no pod: {one}")
        elif pods[name]["metadata"]["uid"] != one.pod_uid:
            yield Violation("stuck", f"its record does not know its pod: {one}")
    yield from _counters(stage, len(living))


def _counters(stage: Stage, living: int) -> Iterator[Violation]:
    for name in (f"owner#{stage.who.user_id}", f"org#{stage.who.personal_org_id}"):
        counter = stage.good.sweep.reconcile.store.counter(name)
        if not counter.counted == counter.living == living:
            yield Violation("leak", f"{counter}, and {living} live")


def _left(stage: Stage) -> Iterator[Violation]:
    """When all was deleted: nothing counts, nothing has a name."""
    yield from _judged(stage)
    for one in stage.records():
        if not one.ended_at:
            yield Violation("stuck", f"it does not end: {one}")
    if read(stage.rig.table, owner_key(stage.who.user_id), "name#api"):
        yield Violation("leak", "the name is kept for nobody")


def sample(every: Sequence[Point]) -> list[Point]:
    """The short form: each request that changes something meets a fault, by turns once and for good, each another one."""
    requests: dict[tuple[str, int, int], list[Point]] = {}
    for point in every:
        if point.request.startswith(_CHANGES):
            requests.setdefault((point.case.name, point.server, point.number), []).append(point)
    return [here[(turn * 9) % len(here)] for turn, here in enumerate(requests.values())]


def run(dynamodb_url: str, folder: Path, *, full: bool, tell: Callable[[str], None] = print) -> Counts:
    """Looks at every point, or in the short form at some. Each violation is told when it is found."""
    with rig(dynamodb_url, folder) as made:
        every = list(points(made))
        looked_at = every if full else sample(every)
        violations: list[Violation] = []
        for point in looked_at:
            found = found_at(point, made)
            violations += found
            for violation in found:
                tell(str(violation))
        return counted(len(looked_at), violations)
