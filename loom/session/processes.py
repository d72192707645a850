"""Processes and signals of a session: starting a shell in front of the terminal, collecting what ended, signalling the rest."""

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn

from loom.session import terminal

#: A terminal's owner must survive what the terminal sends while no shell is in front.
_IGNORED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
#: Python ignores these, and a program inherits what is ignored.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def take_signals(signals: set[signal.Signals]) -> None:
    """From now on ``signals`` are only taken by :func:`next_signal`, and the terminal's own do nothing to this process."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)


def next_signal(signals: set[signal.Signals], deadline: float | None) -> signal.Signals | None:
    """The next of ``signals``; None when ``deadline``, in ``time.monotonic()`` seconds, has passed."""
    if deadline is None:
        return signal.Signals(signal.sigwait(signals))
    info = signal.sigtimedwait(signals, max(0.0, deadline - time.monotonic()))
    return None if info is None else signal.Signals(info.si_signo)


def signal_pipe(signals: Sequence[signal.Signals]) -> int:
    """From now on ``signals`` come as bytes, their numbers, out of the returned descriptor; what was blocked of them comes first."""
    reader, writer = os.pipe()
    for descriptor in (reader, writer):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, _noted)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    return reader


def _noted(number: int, frame: object) -> None:
    """Python writes to the pipe only for signals that have a handler."""


def start(command: Sequence[str], folder: str, env: Mapping[str, str]) -> int:
    """Run ``command`` as a job of its own in the terminal's foreground. Returns its process id, also its group's."""
    pid = os.fork()
    if pid == 0:
        _become(command, folder, env)
    with contextlib.suppress(PermissionError, ProcessLookupError):  # the child was quicker and did it itself
        os.setpgid(pid, pid)
    return pid


def _become(command: Sequence[str], folder: str, env: Mapping[str, str]) -> NoReturn:
    try:
        os.setpgid(0, 0)
        terminal.hand_to(os.getpid())
        for number in (*_IGNORED, *_IGNORED_BY_PYTHON):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(folder)
        os.execvpe(command[0], list(command), {"TERM": "xterm-256color", **env})  # noqa: S606  # its purpose
    except OSError as error:
        terminal.say(f"{command[0]}: {error.strerror}")
    finally:
        os._exit(127)  # as a shell does for a command it cannot run


def collect(shell: int) -> bool:
    """Collect every child that ended, orphans included. Returns whether ``shell`` was among them.

    A shell that was stopped goes on: it is the session's foreground job and nobody else could wake it.
    """
    ended = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        if pid == shell and os.WIFSTOPPED(status):
            terminal.hand_to(shell)
            with contextlib.suppress(ProcessLookupError):  # it was ended instead
                os.killpg(shell, signal.SIGCONT)
        elif pid == shell:
            ended = True


def collect_all(child: int) -> int | None:
    """Collect every child that ended, orphans included. Returns the exit code of ``child`` if it was among them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
    return code


def hang_up(leader: int) -> None:
    """Ask everybody to end: SIGHUP, as a closed terminal sends (interactive bash ignores SIGTERM).

    Everybody is the whole container for its process 1; elsewhere, the processes of the session that ``leader`` leads.
    """
    _signal_all(leader, signal.SIGHUP)
    _signal_all(leader, signal.SIGCONT)


def kill(leader: int) -> None:
    """End everybody who is left, as in :func:`hang_up`."""
    _signal_all(leader, signal.SIGKILL)


def others_left(leader: int) -> bool:
    """Whether anybody is left, as in :func:`hang_up`."""
    if os.getpid() != 1:
        return bool(_session_members(leader))
    try:
        os.waitid(os.P_ALL, 0, os.WNOHANG | os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal_all(leader: int, number: signal.Signals) -> None:
    targets = [-1] if os.getpid() == 1 else _session_members(leader)
    for target in targets:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(target, number)


def _session_members(leader: int) -> list[int]:
    """The living processes of the session: shells put their jobs into groups of which only they know."""
    return [pid for pid in _processes() if _session_of(pid) == leader]


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  # pathlib costs 6 ms


def _session_of(pid: int) -> int | None:
    """None for a process that has ended, also when nobody has collected it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # as above
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[3])  # proc(5): state, ppid, pgrp, session
