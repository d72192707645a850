"""How much may come in a time: a token bucket that lets everybody in, and says how long to wait afterwards."""


class Bucket:
    """``rate`` a second in the long run, ``burst`` at once; ``now`` is in seconds of any clock."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._then = now

    def take(self, amount: float, now: float) -> float:
        """Take ``amount``, and return the seconds to wait before taking more: 0 while there is some left."""
        self._level = min(self._burst, self._level + (now - self._then) * self._rate) - amount
        self._then = now
        return max(0.0, -self._level / self._rate)
