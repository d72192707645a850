"""A program on a terminal of its own, driven with pexpect; the test keeps the terminal open to see its modes afterwards."""

import fcntl
import os
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from pexpect import fdpexpect

from tests.waiting import DEADLINE as DEADLINE  # also for those who import it from here


class PseudoTerminal:
    """``command`` as the leader of a session; its controlling terminal is this one, as in a terminal window, or still none."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        rows: int = 24,
        cols: int = 80,
        *,
        controlling: bool = True,
    ) -> None:
        self._master, self._slave = os.openpty()
        self.resize(rows, cols)
        self.modes_before = self.modes()
        # setsid does not fork, as it leads no process group here: the process is the command's own.
        leader = ["setsid", "--ctty"] if controlling else ["setsid"]
        self.process = subprocess.Popen(
            [*leader, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=dict(env),
        )
        self.screen: Any = fdpexpect.fdspawn(self._master, timeout=DEADLINE)
        self.screen.delaybeforesend = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
        os.close(self._slave)
        self.screen.close()

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does; this side's end is only for looking at the modes."""
        os.dup2(os.open(os.devnull, os.O_RDWR), self._slave)
        self.screen.close()

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    def resize(self, rows: int, cols: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def expect(self, text: str) -> str:
        """Wait for ``text``; returns what came before it."""
        self.screen.expect_exact(text.encode())
        before: bytes = self.screen.before
        return before.decode(errors="replace")

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def ends(self) -> int:
        """Wait for the end of the program; returns its exit code, negative for a signal. Keeps reading: it may still write."""
        pidfd = os.pidfd_open(self.process.pid)
        try:
            while True:
                ready, _, _ = select.select([self._master, pidfd], [], [], DEADLINE)
                assert ready, f"the program neither wrote nor ended, after {self.rest()!r}"
                if self._master not in ready:
                    return self.process.wait(DEADLINE)
                self.screen.buffer += os.read(self._master, 65536)
        finally:
            os.close(pidfd)

    def rest(self) -> str:
        """What was written and not expected yet; after :meth:`ends`."""
        rest: bytes = self.screen.buffer
        return rest.decode(errors="replace")
