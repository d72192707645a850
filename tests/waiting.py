"""Waiting for something that another process does and tells nobody: asked again and again, until a deadline."""

import time
from collections.abc import Callable

DEADLINE = 30.0  # seconds
_PAUSE = 0.05


def until(condition: Callable[[], bool], deadline: float = DEADLINE) -> None:
    """Returns once ``condition`` holds. Fails after ``deadline`` seconds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(_PAUSE)
