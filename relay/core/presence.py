"""Who is here, by user, and what the others are told of it: arrivals and departures, and no more than a person wants to hear.

A user with several connections is one, and who comes back soon was not away: connections break, pages are loaded again.
"""

from collections import Counter
from typing import Final

from loom.wire import Role

#: Seconds after which somebody without a connection has left.
GRACE: Final = 10.0
#: Seconds between two arrivals of one user that are told.
_QUIET: Final = 60.0


class Presence:
    """``now`` is in seconds of any clock."""

    def __init__(self) -> None:
        self._here: Counter[str] = Counter()  # connections, by user
        self._away: dict[str, float] = {}  # since when; their leaving is not told yet
        self._told: dict[str, float] = {}  # when somebody's coming was told last
        self._silent: set[str] = set()  # here, and nobody was told

    def came(self, user_id: str, role: Role, now: float) -> str | None:
        """A connection of this user began: what to tell the others."""
        self._here[user_id] += 1
        if self._here[user_id] > 1 or self._away.pop(user_id, None) is not None:
            return None
        if now - self._told.get(user_id, float("-inf")) < _QUIET:
            self._silent.add(user_id)
            return None
        self._told[user_id] = now
        return f"{user_id} came to {'type' if role == 'driver' else 'watch'}"

    def went(self, user_id: str, now: float) -> None:
        """A connection of this user ended."""
        self._here[user_id] -= 1
        if not self._here[user_id]:
            del self._here[user_id]
            self._away[user_id] = now

    def left(self, now: float) -> list[tuple[str, str]]:
        """Who left for good since this was asked last, and what to tell the others."""
        gone = [user_id for user_id, since in self._away.items() if now - since >= GRACE]
        for user_id in gone:
            del self._away[user_id]
        told = [(user_id, f"{user_id} left") for user_id in gone if user_id not in self._silent]
        self._silent.difference_update(gone)
        return told

    def others(self, user_id: str) -> str | None:
        """What to tell this user of who is here."""
        names = sorted({*self._here, *self._away} - {user_id})
        return f"also here: {', '.join(names)}" if names else None
