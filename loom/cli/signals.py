"""Signals as something to wait for beside sockets and keys, instead of something that strikes in the middle of it."""

import os
import signal
from types import FrameType, TracebackType
from typing import Any, Self

#: Asked to end from outside: by `kill`, or because the terminal was closed.
ENDING = frozenset({signal.SIGTERM, signal.SIGHUP})
_TAKEN = ENDING | {signal.SIGINT, signal.SIGWINCH, signal.SIGCONT}


class Terminated(Exception):
    """The process was asked to end by a signal; ``exit_code`` is what a shell reports of it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.exit_code = 128 + number


class Signals:
    """While entered, SIGTERM, SIGHUP, SIGINT, SIGWINCH and SIGCONT do nothing but make :meth:`fileno` readable."""

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._handlers: dict[signal.Signals, Any] = {number: signal.signal(number, _nothing) for number in _TAKEN}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Readable once a signal has come."""
        return self._reader

    def taken(self) -> set[int]:
        """The signals that came since the last call. Raises KeyboardInterrupt for SIGINT, Terminated for SIGTERM and SIGHUP."""
        try:
            numbers = set(os.read(self._reader, 4096))
        except BlockingIOError:
            return set()
        for number in ENDING & numbers:
            raise Terminated(number)
        if signal.SIGINT in numbers:
            raise KeyboardInterrupt
        return numbers


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The wakeup descriptor tells of the signal."""
