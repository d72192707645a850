"""How many connections a relay serves, in all, of one user and to one weaver, and how much each user may send."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from relay.admission import Admitted
from relay.core.bucket import Bucket
from relay.refusals import Refusal

#: Bytes of one frame from a viewer: a big paste.
FRAME_LIMIT: Final = 1024 * 1024
#: What a frame costs beside its bytes, so that many small ones are bounded too; a control message costs as much as it may make
#: the screen work: a new size lays out all the scrollback anew.
FRAME_COST: Final = 256
CONTROL_COST: Final = 32 * 1024
#: Seconds' worth of input that may come at once.
_BURST: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections at the same time: viewers, and readers of events. ``input_rate`` is in bytes a second and user.

    ``connections`` has also the viewers that are passed on to another relay; the other limits are that one's to hold.
    """

    connections: int = 5_000
    per_user: int = 1_000
    per_weaver: int = 200
    input_rate: float = 1024 * 1024


@dataclass(slots=True)
class _User:
    input: Bucket
    connections: Counter[str] = field(default_factory=Counter)  # by viewer


class Connections:
    """Who is connected. ``now`` is a clock in seconds.

    A viewer that comes back counts once, although its earlier connection may not know yet that it is cut.
    """

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._users: dict[str, _User] = {}
        self._weavers: dict[str, Counter[str]] = {}
        self._count = 0
        self.forwarded = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def hold(self, admitted: Admitted) -> Iterator[Bucket]:
        """A connection for as long as this lasts; gives what its user may send. Raises Refusal when it is one too many."""
        viewer, limits = admitted.viewer_id, self._limits
        user = self._users.get(admitted.user_id) or _User(
            Bucket(limits.input_rate, limits.input_rate * _BURST, self._now())
        )
        weaver = self._weavers.get(admitted.weaver_id, Counter())
        if viewer not in user.connections:
            _check(self._count, limits.connections, "relay", "this relay serves")
            _check(len(user.connections), limits.per_user, "user", "a user may have")
            _check(len(weaver), limits.per_weaver, "weaver", "a weaver may have")
        self._users[admitted.user_id], self._weavers[admitted.weaver_id] = user, weaver
        user.connections[viewer] += 1
        weaver[viewer] += 1
        self._count += 1
        try:
            yield user.input
        finally:
            self._count -= 1
            _drop(self._users, admitted.user_id, user.connections, viewer)
            _drop(self._weavers, admitted.weaver_id, weaver, viewer)

    @contextmanager
    def hold_forwarded(self) -> Iterator[None]:
        """A viewer that another relay serves; who it is, that one knows. Raises Refusal when it is one too many."""
        _check(self._count, self._limits.connections, "relay", "this relay serves")
        self._count += 1
        self.forwarded += 1
        try:
            yield
        finally:
            self._count -= 1
            self.forwarded -= 1


def _check(count: int, limit: int, scope: str, who: str) -> None:
    if count >= limit:
        details = {"scope": scope, "connections": count, "limit": limit}
        raise Refusal(429, "too_many_connections", f"{count} are open of the {limit} connections that {who}", details)


def _drop(all_of_them: dict[str, _User] | dict[str, Counter[str]], name: str, held: Counter[str], viewer: str) -> None:
    held[viewer] -= 1
    if not held[viewer]:
        del held[viewer]
    if not held:
        del all_of_them[name]
