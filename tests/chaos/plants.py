"""Faults planted in a World, to see that chaos finds them. Each is what somebody could really get wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from chalicelib.domain.errors import NameTaken
from chalicelib.domain.pod_status import Pod
from chalicelib.domain.weaver import Weaver, ended
from chalicelib.services.launch import Launch
from chalicelib.services.ports import Reservation
from chalicelib.services.stop import Stop
from chalicelib.services.sweep import Sweep, SweepReport
from tests.chalicelib.fakes import FakeStore
from tests.chalicelib.services.world import World


@dataclass
class ForgetsQuota(FakeStore):
    """Ends weavers without counting them out."""

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        super().end(weaver, keep_until)
        for name in (f"owner#{weaver.owner_user_id}", f"org#{weaver.org_id}"):
            self.miscounts[name] = self.miscounts.get(name, 0) + 1


@dataclass
class WritesWithoutCondition(FakeStore):
    """The last writer wins."""

    def update(self, weaver: Weaver) -> None:
        self.records[weaver.id] = weaver


@dataclass
class KeepsNames(FakeStore):
    """Ends weavers without freeing their names."""

    kept: set[tuple[str, str]] = field(default_factory=set)

    def reserve(self, reservation: Reservation) -> Weaver:
        new = reservation.weaver
        if new.name is not None and (new.owner_user_id, new.name) in self.kept:
            raise NameTaken("taken")
        return super().reserve(reservation)

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        super().end(weaver, keep_until)
        self.kept.add((weaver.owner_user_id, weaver.name or ""))


@dataclass
class ForgetsKeys(FakeStore):
    """A repeated create is a new one."""

    def reserve(self, reservation: Reservation) -> Weaver:
        return super().reserve(replace(reservation, idempotency_key=None))


class NeverReconciles(Sweep):
    """Deals with what is due and compares nothing."""

    def __call__(self, *, reconcile: bool | None = None, **asked: Any) -> SweepReport:
        return super().__call__(reconcile=False, **asked)


class TakesAnyPod(Launch):
    """Any pod that has the name will do, whosever it is and though it is being deleted."""

    def _create_or_find(self, weaver: Weaver, manifest: dict[str, object]) -> Pod:
        cluster = self.clusters.of(weaver)
        pod = cluster.create_pod(manifest) or cluster.get_pod(weaver.pod_name)
        return pod or super()._create_or_find(weaver, manifest)


class DoesNotWait(Stop):
    """Frees what is reserved while the pod is still there."""

    def finish(self, weaver: Weaver, *, force: bool = False) -> Weaver:
        self.clusters.of(weaver).delete_pod(weaver.pod_name, force=force)
        gone = ended(weaver, self.clock())
        self.store.end(gone, self.retention.until(self.clock()))
        return gone


UseCaseT = TypeVar("UseCaseT", Launch, Stop, Sweep)


def _as(kind: type[UseCaseT], use_case: UseCaseT) -> UseCaseT:
    return kind(**{one.name: getattr(use_case, one.name) for one in fields(use_case)})


def _never_reconciles(**parts: Any) -> World:
    world = World(**parts)
    world.sweep = _as(NeverReconciles, world.sweep)
    return world


def _takes_any_pod(**parts: Any) -> World:
    world = World(**parts)
    world.launch = _as(TakesAnyPod, world.launch)
    return world


def _does_not_wait(**parts: Any) -> World:
    world = World(**parts)
    world.stop = _as(DoesNotWait, world.stop)
    world.sweep = replace(world.sweep, stop=world.stop)
    return world


#: By the name that ``--plant`` takes: a World with that fault, made of whatever parts a World takes.
PLANTS: Final[Mapping[str, Callable[..., World]]] = {
    "forgets-quota": lambda **parts: World(store=ForgetsQuota(), **parts),
    "deletes-without-condition": lambda **parts: World(store=WritesWithoutCondition(), **parts),
    "keeps-names": lambda **parts: World(store=KeepsNames(), **parts),
    "forgets-keys": lambda **parts: World(store=ForgetsKeys(), **parts),
    "never-reconciles": _never_reconciles,
    "takes-any-pod": _takes_any_pod,
    "does-not-wait": _does_not_wait,
}
