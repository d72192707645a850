"""Waiting for something that another process does and tells nobody: asked again and again, until a deadline."""

import os
import time
from collections.abc import Callable

#: Seconds for anything a test waits for. `make test-cluster` gives more: a cluster pulls images and waits for room.
DEADLINE = float(os.environ.get("WEAVERS_TEST_DEADLINE", "30"))
_PAUSE = 0.05


def until(condition: Callable[[], bool], deadline: float = DEADLINE) -> None:
    """Returns once ``condition`` holds. Fails after ``deadline`` seconds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(_PAUSE)
