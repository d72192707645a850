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
#: Seconds between looks at processes whose end nobody tells us of.
_LOOK_EVERY = 0.05


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


def hang_up(grace: float) -> None:
    """End everything: SIGHUP, as a closed terminal sends (interactive bash ignores SIGTERM), SIGKILL ``grace`` seconds later.

    Everything is the whole container for its process 1; elsewhere, all processes of this terminal's session.
    """
    deadline = time.monotonic() + grace
    _signal_all(signal.SIGHUP)
    _signal_all(signal.SIGCONT)
    while _others_left() and (now := time.monotonic()) < deadline:
        next_signal({signal.SIGCHLD}, min(deadline, now + _LOOK_EVERY))
        collect(0)
    _signal_all(signal.SIGKILL)


def _others_left() -> bool:
    if os.getpid() != 1:
        return bool(_session_members())
    try:
        os.waitid(os.P_ALL, 0, os.WNOHANG | os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _signal_all(number: signal.Signals) -> None:
    targets = [-1] if os.getpid() == 1 else _session_members()
    for target in targets:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(target, number)


def _session_members() -> list[int]:
    """The living processes of this session but for this one: shells put their jobs into groups of which only they know."""
    session = os.getsid(0)
    return [pid for pid in _processes() if pid != os.getpid() and _session_of(pid) == session]


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
