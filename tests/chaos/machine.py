"""Any order of requests, sweeps, deaths, failures and happenings, judged whenever things have come to rest (DESIGN §10)."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from chalicelib.domain.errors import WeaverError
from tests.chalicelib.samples import ALICE, BOB
from tests.chalicelib.services.world import World
from tests.chaos.counts import Violated, Violation
from tests.chaos.crash_points import contract_errors, dead
from tests.chaos.judge import judged, judged_closed
from tests.chaos.node import FakeNode, Happening, HeldCluster
from tests.chaos.stage import Killed, Stage, Watcher, nothing

Meanwhile = Literal["itself", "a sweep", "a delete", "an extension", "a look", "two minutes", "pods going"]
#: Both may do everything in the org that they share.
PEOPLE: Final = tuple(replace(one, org_roles={"acme": "org_admin"}) for one in (ALICE, BOB))


@dataclass(frozen=True, slots=True)
class Trouble:
    """At the ``at``-th moment of what is done: a death, an ``error`` of the port's contract, or somebody else ``meanwhile``."""

    at: int
    meanwhile: Meanwhile | None = None
    error: int | None = None


_AT: Final = st.integers(0, 9)
TROUBLES: Final = st.one_of(
    st.none(),
    st.builds(Trouble, _AT),
    st.builds(Trouble, _AT, error=st.integers(0, 3)),
    st.builds(Trouble, _AT, meanwhile=st.sampled_from(get_args(Meanwhile))),
)
PERSON: Final = st.sampled_from(PEOPLE)
WHICH: Final = st.integers(0, 4)
HOURS: Final = st.sampled_from((0.25, 1.0, 4.0, 30.0))


class Lifecycle(RuleBasedStateMachine):
    """Over fakes. Elsewhere, ``begin`` says on what."""

    #: Makes the world; a plant makes one with a fault.
    worlds: Callable[..., World] = World

    def __init__(self) -> None:
        super().__init__()
        self.stage, self.node = self.begin()
        self.diary: list[str] = []

    def begin(self) -> tuple[Stage, Any]:
        cluster = HeldCluster()
        world = type(self).worlds(cluster=cluster)
        stage = Stage(world)
        stage.held = cluster.lost
        return stage, FakeNode(cluster)

    def has_weavers(self) -> bool:
        return bool(self.stage.witness.records)

    @rule(
        person=PERSON,
        name=st.sampled_from((None, "api", "web")),
        key=st.sampled_from((None, "k", "l")),
        org=st.sampled_from((None, "acme")),
        hours=HOURS,
        trouble=TROUBLES,
    )
    def create(self, person, name, key, org, hours, trouble):
        self.stage.world.clock.advance(
            timedelta(seconds=1)
        )  # ids of one moment have no order, and what fails must fail again
        body = self.body(name=name, org_id=org, lifetime_hours=hours)
        self._do(f"create {body} {key=} by {person.user_id}", lambda: self.stage.create(person, key, **body), trouble)

    def body(self, **asked: Any) -> dict[str, Any]:
        """The body of a create."""
        return {name: value for name, value in asked.items() if value is not None}

    @precondition(has_weavers)
    @rule(person=PERSON, which=WHICH, hours=HOURS, trouble=TROUBLES)
    def extend(self, person, which, hours, trouble):
        weaver = self._weaver(which)
        self._do(
            f"extend {which} to {hours} by {person.user_id}",
            lambda: self.stage.extend(weaver.id, hours, person),
            trouble,
        )

    @precondition(has_weavers)
    @rule(person=PERSON, which=WHICH, trouble=TROUBLES)
    def delete(self, person, which, trouble):
        weaver = self._weaver(which)
        self._do(
            f"delete {which} by {person.user_id}", lambda: self.stage.delete(weaver.name or weaver.id, person), trouble
        )

    @precondition(has_weavers)
    @rule(person=PERSON, which=WHICH, refresh=st.booleans(), trouble=TROUBLES)
    def describe(self, person, which, refresh, trouble):
        weaver = self._weaver(which)
        self._do(
            f"describe {which} {refresh=}",
            lambda: self.stage.world.describe(person, weaver.id, refresh=refresh),
            trouble,
        )

    @rule(passed=st.sampled_from((0, 17, 60, 60, 900, 4000)), trouble=TROUBLES)
    def sweep(self, passed, trouble):
        self.stage.world.clock.advance(timedelta(seconds=passed))
        self._do(f"sweep after {passed} s", self.stage.sweep, trouble)

    @precondition(has_weavers)
    @rule(which=WHICH, what=st.sampled_from(get_args(Happening)))
    def happening(self, which, what):
        self.diary.append(f"{which} {what}")
        self.node.happen(what, self._weaver(which).pod_name)

    @rule()
    def pods_go(self):
        self.diary.append("pods go")
        self.stage.settle()

    @rule()
    def rest(self):
        self._rest()
        self._judge(judged(self.stage))

    def teardown(self):
        self.rest()
        self.stage.close()
        self._rest()
        self._judge(judged_closed(self.stage))

    def _rest(self) -> None:
        """Two sweeps in which nothing fails; as many as it takes when the deletion of a pod must be forced."""
        self.diary.append("rest")
        more = self.node.calm()
        self.stage.settle()
        self.stage.minutes(2 + more)

    def _weaver(self, which: int) -> Any:
        """The last ones first: with them most happens."""
        known = list(self.stage.witness.records.values())
        return known[-1 - which % len(known)]

    def _do(self, what: str, act: Callable[[], object], trouble: Trouble | None) -> None:
        self.diary.append(f"{what}, {trouble}" if trouble else what)
        if trouble:
            self.stage.fault = self._fault(trouble, act)
        try:
            self._attempt(act)
        except Killed:
            pass
        finally:
            self.stage.fault = nothing
        self._judge(self.stage.witness.violations)

    def _attempt(self, act: Callable[[], object]) -> None:
        """Errors of the tree are answers, others nobody must ever see."""
        try:
            act()
        except WeaverError:
            pass
        except Exception:  # noqa: BLE001  # it is what is looked for
            self.stage.witness.violations.append(Violation("wrong", traceback.format_exc(limit=-3)))

    def _fault(self, trouble: Trouble, act: Callable[[], object]) -> Watcher:
        passed = 0

        def fault(moment: str, _args: tuple[Any, ...]) -> None:
            nonlocal passed
            passed += 1
            if passed != trouble.at + 1:
                return
            if trouble.meanwhile:
                with self.stage.aside():
                    self._meanwhile(trouble.meanwhile, act)
            elif trouble.error is not None:
                errors = list(contract_errors(moment))
                raise errors[trouble.error % len(errors)]("made to fail")
            else:
                self.stage.fault = dead
                raise Killed

        return fault

    def _meanwhile(self, what: Meanwhile, act: Callable[[], object]) -> None:
        match what:
            case "itself":
                self._attempt(act)
            case "a sweep":
                self._attempt(self.stage.sweep)
            case "two minutes":
                self.stage.minutes(2)
            case "pods going":
                self.stage.settle()
            case _ if self.has_weavers():
                weaver = self._weaver(0)
                others: dict[Meanwhile, Callable[[], object]] = {
                    "a delete": lambda: self.stage.delete(weaver.id, PEOPLE[0]),
                    "an extension": lambda: self.stage.extend(weaver.id, 20.0, PEOPLE[0]),
                    "a look": lambda: self.stage.world.describe(PEOPLE[0], weaver.id, refresh=True),
                }
                self._attempt(others[what])

    def _judge(self, found: list[Violation]) -> None:
        if found:
            raise Violated(found, self.diary)
