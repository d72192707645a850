"""Extend: another lifetime for a weaver, unless its end was decided first."""

from dataclasses import dataclass

from chalicelib.domain.errors import Forbidden, RetryLater, VersionConflict
from chalicelib.domain.permissions import Principal, allowed
from chalicelib.domain.weaver import Weaver, extended
from chalicelib.services.describe import Describe
from chalicelib.services.ports import Clock, WeaverStore

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Extend:
    """The use case."""

    store: WeaverStore
    clock: Clock
    describe: Describe

    def __call__(self, principal: Principal, reference: str, hours: float) -> Weaver:
        """The weaver with a lifetime of ``hours`` from its creation, shorter ones included. Repeating it changes nothing.

        The write is conditional on the version: either the sweep sees the new end, or this sees that the weaver is ending.
        Raises NotFound, AmbiguousId, Forbidden, InvalidLifetime, WeaverEnded, RetryLater.
        """
        weaver = self.describe.find(principal, reference)
        if not allowed(principal, "extend", owner_user_id=weaver.owner_user_id, org_id=weaver.org_id):
            raise Forbidden("you may not extend this weaver")
        for _ in range(_ATTEMPTS):
            longer = extended(weaver, hours, self.clock())
            if longer is weaver:
                return weaver
            try:
                self.store.update(longer)
            except VersionConflict:
                weaver = self.store.get(weaver.id) or weaver
            else:
                return longer
        raise RetryLater("the weaver is being changed by others; try again")
