"""Sees every call of a port and judges it when it is made, by rules that hold however calls interleave.

A watcher of a World, to be told before anything that makes calls fail. Where it looks for itself, it asks the ports directly.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from chalicelib.domain.permissions import Principal
from chalicelib.domain.pod_spec import LABEL_WEAVER_ID
from chalicelib.domain.weaver import CREATE_FAILED, CREATE_GRACE, TRANSITIONS, Weaver
from tests.chalicelib.services.world import World
from tests.chaos.counts import Kind, Violation

_KEY_KEPT: Final = timedelta(hours=24)


class Witness:
    """``records`` has each weaver as last written, ``names`` all names ever reserved and by whom, ``violations`` what broke a rule.

    What is asked and answered is told to it (``asked_…``, ``answered_…``): promises are made by answers.
    """

    def __init__(self, world: World) -> None:
        self.records: dict[str, Weaver] = {}
        self.names: set[tuple[str, str]] = set()
        self.violations: list[Violation] = []
        self.promised: set[str] = set()
        self.must_end: set[str] = set()
        self.miscounted: set[str] = set()
        self._world = world
        self._deletes: set[tuple[str, str]] = set()
        self._hours: defaultdict[str, set[float]] = defaultdict(set)
        self._keys: dict[tuple[str, str], Weaver] = {}
        self._seen: Mapping[str, Callable[..., None]] = {
            "after reserve": self._reserved,
            "after update": self._written,
            "after end": self._written,
            "after create_pod": self._pod_made,
            "before delete_pod": self._deletes_pod,
            "after repair": self._repaired,
        }

    def __call__(self, moment: str, args: tuple[Any, ...]) -> None:
        if see := self._seen.get(moment):
            see(*args)

    def asked_delete(self, principal: Principal, reference: str) -> None:
        self._deletes.add((principal.user_id, reference))

    def asked_extension(self, reference: str, hours: float) -> None:
        self._hours[reference].add(hours)

    def answered_create(self, principal: Principal, key: str | None, answer: Weaver) -> None:
        """From now on the weaver may end only for a reason. The same key may have no other within its time."""
        if answer.ended_at is None and answer.status != "terminating":
            self.promised.add(answer.id)
        before = self._keys.setdefault((principal.user_id, key), answer) if key else answer
        if before.id != answer.id and answer.created_at < before.created_at + _KEY_KEPT:
            self._note("wrong", f"one key made two weavers: {before.id} and {answer.id}")
        self._check_answer(answer)

    def answered_extension(self, answer: Weaver) -> None:
        self._check_answer(answer)

    def answered_delete(self, answer: Weaver) -> None:
        self.must_end.add(answer.id)

    def _check_answer(self, answer: Weaver) -> None:
        """What was answered was written; it may have been changed since."""
        record = self.records.get(answer.id)
        if record is None or record.version < answer.version:
            self._note("wrong", f"answered, but never written: {answer}")

    def _reserved(self, reservation: Any) -> None:
        new = self._world.store.get(reservation.weaver.id)
        if new is not None:  # otherwise the key was used before
            self.records[new.id] = new
            if new.name:
                self.names.add((new.owner_user_id, new.name))

    def _written(self, weaver: Weaver, *_keep_until: object) -> None:
        before = self.records.get(weaver.id)
        self.records[weaver.id] = weaver
        if before is None:
            self._note("wrong", f"a record that was never reserved: {weaver}")
            return
        for why in self._wrong_with(before, weaver):
            self._note("wrong", f"{why}: {before} became {weaver}")

    def _wrong_with(self, before: Weaver, after: Weaver) -> Iterator[str]:
        if after.version != before.version + 1:
            yield "a write upon another that it had not seen"
        if before.ended_at:
            yield "history was changed"
        if after.status != before.status and after.ended_at is None and after.status not in TRANSITIONS[before.status]:
            yield "no such transition"
        if after.expires_at != before.expires_at and not self._asked_to_extend(after):
            yield "a lifetime that nobody asked for"
        if before.ending not in (None, after.ending):
            yield "who ended it was changed"
        if before.ending is None and after.ending is not None and not self._may_end(before, after):
            yield "an end without its reason"
        if before.pod_uid is None and after.pod_uid and after.status == "pending" and self._is_going(after):
            yield "it took a pod that is being deleted"
        if after.ended_at and self._has_pod(after):
            yield "ended before its pod was gone"

    def _asked_to_extend(self, after: Weaver) -> bool:
        return any(after.lifetime_hours in self._hours[reference] for reference in _references(after))

    def _may_end(self, before: Weaver, after: Weaver) -> bool:
        assert after.ending
        if after.ending.by is not None:
            return any((after.ending.by, reference) in self._deletes for reference in _references(after))
        if after.reason == "Expired":
            return before.expires_at <= self._world.clock.now
        if after.reason == CREATE_FAILED:
            return before.pod_uid is None and before.id not in self.promised
        return after.ending.via == "cluster" and self._is_going(after) is not False

    def _is_going(self, weaver: Weaver) -> bool | None:
        """Whether its pod is being deleted; None when there is none."""
        pod = self._world.cluster.get_pod(weaver.pod_name)
        return "deletionTimestamp" in pod["metadata"] if pod else None

    def _has_pod(self, weaver: Weaver) -> bool:
        """One that a create which slept for very long made meanwhile does not count: it will delete it."""
        pod = self._world.cluster.get_pod(weaver.pod_name)
        if pod is None or pod["metadata"].get("labels", {}).get(LABEL_WEAVER_ID) != weaver.id:
            return False
        return bool(pod["metadata"]["creationTimestamp"] < f"{weaver.created_at + CREATE_GRACE:%Y-%m-%dT%H:%M:%SZ}")

    def _pod_made(self, manifest: Mapping[str, Any]) -> None:
        """For a while after its reservation, a create may be on its way: until then what is reserved must be kept."""
        weaver = self.records.get(manifest["metadata"]["labels"][LABEL_WEAVER_ID])
        if weaver is None or (weaver.ended_at and self._world.clock.now < weaver.created_at + CREATE_GRACE):
            self._note("wrong", f"what was reserved was freed before the pod was made: {weaver}")

    def _deletes_pod(self, name: str) -> None:
        weaver = self.records.get(name.removeprefix("weaver-"))
        if weaver is not None and weaver.ended_at is None and weaver.status != "terminating":
            self._note("wrong", f"the pod of a weaver that is to live is deleted: {weaver}")

    def _repaired(self, counter: Any) -> None:
        """The repair hides that something forgot to count."""
        if counter.name not in self.miscounted:
            self._note("leak", f"a counter had to be repaired: {counter}")

    def _note(self, kind: Kind, told: str) -> None:
        self.violations.append(Violation(kind, told))


def _references(weaver: Weaver) -> set[str]:
    return {weaver.id, weaver.id[-8:], weaver.name or weaver.id}
