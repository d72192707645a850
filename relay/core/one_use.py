"""Remembers what may be used only once, for as long as it could be used."""

import heapq


class OneUse:
    """Ids with the time until which they must be remembered; ``now`` and ``until`` are seconds since the epoch."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._by_time: list[tuple[float, str]] = []

    def use(self, name: str, until: float, now: float) -> bool:
        """False when ``name`` was used before. Forgets what is past its time."""
        while self._by_time and self._by_time[0][0] < now:
            self._used.discard(heapq.heappop(self._by_time)[1])
        if name in self._used:
            return False
        self._used.add(name)
        heapq.heappush(self._by_time, (until, name))
        return True
