"""Where things go: what a command answers to stdout, what it tells a person to stderr."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds after which a wait says what it waits for.
_PATIENCE = 3.0


def say(text: str) -> None:
    """One line for the person."""
    sys.stderr.write(f"loom: {text}\n")
    sys.stderr.flush()


def out(text: str) -> None:
    """One line of what was asked for."""
    sys.stdout.write(f"{text}\n")


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Say that ``what`` is waited for, if that lasts. What waits is a blocking call: only a signal can speak meanwhile."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: say(f"waiting for {what}"))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
