"""The main process of a weaver: one shell after the other, until a signal asks it to end.

It is two processes: the container's main one passes everything on between the container's terminal and another one
(:mod:`loom.session.pump`); on that, its child runs the shells. The child is one loop around ``sigtimedwait``: the signals
that matter are blocked and taken one at a time, so that no handler ever runs in the middle of anything. Linux only, like
the containers it runs in.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NoReturn

from loom.session import processes, terminal
from loom.session.banner import banner, clone_failure, reminder
from loom.session.handover import print_snapshot
from loom.session.place import login_shell, working_directory, workspace
from loom.session.pump import Pump

#: As in :mod:`loom.wire`, which is too dear to import here; a test compares them.
SHELL_ENDED = b"\x1b_loom.dev;shell-ended\x1b\\"
TAKES_TAGS = b"\x1b_loom.dev;takes-tags\x1b\\"

#: A shell that lived for less than this many seconds counts as ended at once.
_AT_ONCE = 1.0
_LONGEST_PAUSE = 30.0
_USAGE = "usage: loom session [-- command...]\n       loom session --snapshot\n"
#: Seconds the first shell waits for a viewer, so that banner and prompt are not written before anyone can see them.
_FIRST_VIEWER = 2.0

_END = {signal.SIGTERM, signal.SIGHUP}
_TAKEN = _END | {signal.SIGCHLD, signal.SIGWINCH}


class _Ended(Exception):  # a way out of the loop, not an error
    """A signal asked this process to end."""


def main(argv: Sequence[str]) -> int:
    """``loom session [-- command…]``. Returns 0 when it was asked to end, 1 when it cannot serve.

    ``loom session --snapshot`` prints what the session that runs here shows; it is for relays.
    """
    if [*argv] == ["--snapshot"]:
        return print_snapshot(os.environ)
    command = list(argv[1:] if argv[:1] == ["--"] else argv)
    if command and command[0].startswith("-"):
        sys.stderr.write(_USAGE)
        return 0 if command[0] in ("-h", "--help") else 1
    try:
        terminal.acquire()
    except terminal.NoTerminalError as error:
        sys.stderr.write(f"loom session: {error}\n")
        return 1
    processes.take_signals(_TAKEN)
    inner, shells = os.openpty()
    child = os.fork()
    if child == 0:
        os.close(inner)
        os.login_tty(shells)
        return Session(command or login_shell(os.environ), os.environ).run()
    os.close(shells)
    return Pump(inner, child, os.environ).run()


def pause_before_next(ended_at_once: int) -> float:
    """Seconds to wait after so many shells in a row that ended at once. One is a person pressing Ctrl+D twice."""
    return 0.0 if ended_at_once < 2 else min(2.0 ** min(ended_at_once - 2, 10), _LONGEST_PAUSE)


class Session:
    """Runs ``command`` on the terminal, afresh whenever it ends."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._command = command
        self._env = env
        self._modes = terminal.sane_modes()
        self._shell = 0

    def run(self) -> int:
        """Serve until SIGTERM or SIGHUP; then return 0."""
        try:
            self._serve()
        except _Ended:
            return 0

    def _serve(self) -> NoReturn:
        self._wait(_FIRST_VIEWER, until=terminal.has_size)
        terminal.take(self._modes)
        terminal.write(TAKES_TAGS)  # before anything else: only there the relay believes it
        terminal.say(*banner(self._env, datetime.now(UTC)), *_clone_failure(workspace(self._env)))
        ended_at_once = 0
        while True:
            lived = self._run_shell()
            terminal.take_back(self._modes)
            terminal.write(SHELL_ENDED)
            ended_at_once = ended_at_once + 1 if lived < _AT_ONCE else 0
            if pause := pause_before_next(ended_at_once):
                terminal.say(
                    f"{self._command[0]} ended at once {ended_at_once} times; the next one starts in {pause:.0f} s"
                )
                self._wait(pause, until=lambda: False)
            terminal.say(reminder(self._env, datetime.now(UTC)))

    def _run_shell(self) -> float:
        """One shell from start to end. Returns how many seconds it lived."""
        started = time.monotonic()
        self._shell = processes.start(self._command, working_directory(self._env), self._env)
        self._wait(None, until=lambda: not self._shell)
        return time.monotonic() - started

    def _wait(self, seconds: float | None, until: Callable[[], bool]) -> None:
        """Take signals until ``until()`` holds or ``seconds`` have passed. Raises _Ended."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not until():
            number = processes.next_signal(_TAKEN, deadline)
            if number is None:
                return
            if number in _END:
                raise _Ended
            if number == signal.SIGCHLD and processes.collect(self._shell):
                self._shell = 0


def _clone_failure(folder: str) -> list[str]:
    return clone_failure(_read(f"{folder}/.loom/clone.status"), _read(f"{folder}/.loom/clone.log"))


def _read(path: str) -> str:
    """What the clone left; empty when there was none to leave anything."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # pathlib costs 6 ms
            return file.read()
    except OSError:
        return ""
