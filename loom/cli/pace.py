"""When to ask again, and again: pure, but for chance."""

import random
from collections.abc import Callable


class Pace:
    """Seconds until the next question: about ``interval``, and longer after each failure in a row, up to about ``longest``.

    Never exactly: many who ask for the same must not ask at the same moment. ``chance`` gives numbers from 0 to 1.
    """

    def __init__(
        self, interval: float = 2.0, longest: float = 30.0, chance: Callable[[], float] = random.random
    ) -> None:
        self._interval = interval
        self._longest = longest
        self._chance = chance
        self._failures = 0

    @property
    def failing(self) -> bool:
        """Whether the last question had no answer."""
        return self._failures > 0

    def answered(self) -> float:
        """There was an answer."""
        self._failures = 0
        return self._about(self._interval)

    def failed(self) -> float:
        """There was none."""
        self._failures += 1
        # The exponent is bounded, as a float is: somebody may watch for days.
        return self._about(min(self._longest, self._interval * 2 ** min(self._failures - 1, 16)))

    def _about(self, seconds: float) -> float:
        return seconds * (0.8 + 0.4 * self._chance())
