"""A World under a Witness, in which what is asked is asked by somebody, time passes in sweeps, and ports fail when told to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import Weaver
from chalicelib.services.sweep import SweepReport
from tests.chalicelib.samples import ALICE, MINUTE
from tests.chalicelib.services.world import World
from tests.chaos.witness import Witness

Watcher = Callable[[str, tuple[Any, ...]], None]


class Killed(BaseException):
    """Nothing that runs in the process gets to see a kill: it is no Exception."""


def nothing(_moment: str, _args: tuple[Any, ...]) -> None:
    """Lets every call be."""


class Stage:
    """``hook`` belongs to the story that is played, ``fault`` to who disturbs it; neither sees calls made ``aside``.

    ``settle`` lets deletions of pods come to their end; ``held`` are pods whose node is lost, so that theirs do not.
    """

    def __init__(self, world: World, settle: Callable[[], None] | None = None) -> None:
        self.world = world
        self.witness = Witness(world)
        self.settle = settle or world.cluster.settle
        self.hook: Watcher = nothing
        self.fault: Watcher = nothing
        self.held: set[str] = set()
        self._aside = False
        world.watcher = self._watch

    def _watch(self, moment: str, args: tuple[Any, ...]) -> None:
        self.witness(moment, args)
        if not self._aside:
            self.hook(moment, args)
            self.fault(moment, args)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens in the block is done by somebody else, whom nothing disturbs."""
        before, self._aside = self._aside, True
        try:
            yield
        finally:
            self._aside = before

    def create(self, principal: Principal = ALICE, key: str | None = None, **body: Any) -> Weaver:
        """POST with ``body``."""
        weaver = self.world.create(principal, key, **body)
        self.witness.answered_create(principal, key, weaver)
        return weaver

    def running(self, principal: Principal = ALICE, **body: Any) -> Weaver:
        """A weaver that came all the way."""
        weaver = self.world.created_and_running(principal, **body)
        self.witness.answered_create(principal, None, weaver)
        return weaver

    def extend(self, reference: str, hours: float, principal: Principal = ALICE) -> Weaver:
        self.witness.asked_extension(reference, hours)
        weaver = self.world.extend(principal, reference, hours)
        self.witness.answered_extension(weaver)
        return weaver

    def delete(self, reference: str, principal: Principal = ALICE) -> Weaver:
        self.witness.asked_delete(principal, reference)
        weaver = self.world.stop(principal, reference)
        self.witness.answered_delete(weaver)
        return weaver

    def sweep(self) -> SweepReport:
        """The scheduled one, of this minute."""
        return self.world.sweep()

    def minutes(self, count: int = 2) -> None:
        """They pass, each with its sweep, and deletions come to their end."""
        with self.aside():
            for _ in range(count):
                self.world.clock.advance(MINUTE)
                self.sweep()
                self.settle()

    def close(self) -> None:
        """Everything is deleted, by its owner."""
        with self.aside():
            for weaver in list(self.witness.records.values()):
                if weaver.ended_at is None:
                    self.delete(weaver.id, Principal(weaver.owner_user_id, weaver.org_id))
            self.settle()
            self.minutes()
