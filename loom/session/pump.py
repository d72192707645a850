"""Between the container's terminal and one of its own, on which the shells run: passes everything on, both ways, and keeps a
transcript of it. So a relay that comes anew can be told what the terminal shows (:mod:`loom.session.handover`).

One loop around ``select``; signals come through a pipe. It stays the container's main process, and ends with all others.
"""

import os
import select
import signal
import time
from collections.abc import Mapping

from loom.session import processes, terminal
from loom.session.handover import Door
from loom.session.tags import Tags
from loom.session.terminal import STDIN
from loom.session.transcript import Transcript

_TAKEN = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGWINCH)
#: More than a terminal ever has ready.
_PIECE = 1 << 16
#: Pieces of output in a row, before anything else is looked at.
_AT_A_TIME = 16
#: Seconds that processes have after SIGHUP; a weaver's pod has five of grace in all.
_HANG_UP_GRACE = 2.0
_LOOK_EVERY = 0.05


class Pump:
    """``inner`` is the shells' terminal, its master side; ``child`` the process that leads the session there."""

    def __init__(self, inner: int, child: int, env: Mapping[str, str]) -> None:
        self._inner = inner
        self._child = child
        self._code: int | None = None  # how the child ended
        self._over: set[int] = set()  # terminals that are gone
        self._transcript = Transcript()
        self._door = _open_door(env)
        self._shown = bytearray()  # output that the outer terminal has not taken yet
        self._typed = bytearray()  # input that the inner one has not taken yet
        self._tags = Tags()
        self._asked_to_end = False
        self._signals = processes.signal_pipe(_TAKEN)
        os.set_blocking(inner, False)

    def run(self) -> int:
        """Until a signal, the end of the terminal or of the child; then everybody is ended. Returns the exit code."""
        with terminal.passed_on(STDIN):
            self._size()
            while self._code is None and not self._asked_to_end:
                self._turn(None)
            self._end()
        return 0 if self._asked_to_end else self._code or 0

    def _end(self) -> None:
        deadline = time.monotonic() + _HANG_UP_GRACE
        processes.hang_up(self._child)
        while processes.others_left(self._child) and time.monotonic() < deadline:
            self._turn(_LOOK_EVERY)
        processes.kill(self._child)
        self._turn(0.0)  # last words

    def _turn(self, seconds: float | None) -> None:
        """Wait for something to do, for so long, and do it."""
        outer, inner = ({STDIN} - self._over, {self._inner} - self._over)
        read_output, read_input = not self._shown, not self._typed
        reading = [self._signals, *(inner if read_output else ()), *(outer if read_input else ())]
        writing = [*(() if read_output else outer), *(() if read_input else inner)]
        door = [self._door] if self._door else []
        readable, writable, _ = select.select([*reading, *door], writing, [], seconds)
        self._take_signals()  # first: what is typed after a change of size is for that size
        if self._inner in readable or STDIN in writable:
            self._pass_output()
        if STDIN in readable or self._inner in writable:
            self._pass_input()
        if self._door and self._door in readable:
            self._show(self._door.hand_over(self._transcript, self._tags.positions))

    # -- bytes

    def _pass_output(self) -> None:
        self._show(b"")
        for _ in range(_AT_A_TIME):
            if self._shown or not (data := self._read(self._inner)):
                return
            self._transcript.add(data)
            self._show(data)

    def _show(self, data: bytes) -> None:
        """Write to the outer terminal; what it does not take waits."""
        self._shown += data
        del self._shown[: self._write(STDIN, self._shown)]

    def _pass_input(self) -> None:
        if not self._typed:
            self._typed += self._tags.feed(self._read(STDIN))
            self._asked_to_end |= STDIN in self._over
        del self._typed[: self._write(self._inner, self._typed)]

    def _read(self, descriptor: int) -> bytes:
        """What is there; nothing when that is nothing, or the terminal is gone."""
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return b""
        except OSError:  # EIO: tty_ioctl(4), pty(7)
            data = b""
        if not data:
            self._over.add(descriptor)
        return data

    def _write(self, descriptor: int, data: bytearray) -> int:
        """How much was taken; of a terminal that is gone, everything."""
        try:
            return os.write(descriptor, data) if data else 0
        except BlockingIOError:
            return 0
        except OSError:
            self._over.add(descriptor)
            return len(data)

    # -- signals

    def _take_signals(self) -> None:
        for number in self._read(self._signals):
            if number == signal.SIGCHLD:
                self._collect()
            elif number == signal.SIGWINCH:
                self._size()
            else:
                self._asked_to_end = True

    def _collect(self) -> None:
        code = processes.collect_all(self._child)
        if code is not None:
            self._code = code

    def _size(self) -> None:
        rows, cols = terminal.size(STDIN)
        if (rows, cols) not in ((0, 0), terminal.size(self._inner)):
            self._transcript.resized(rows, cols)
            terminal.resize(self._inner, rows, cols)


def _open_door(env: Mapping[str, str]) -> Door | None:
    """None where there is nowhere to put it: whoever takes over then has to do with less."""
    try:
        return Door(env)
    except OSError:
        return None
