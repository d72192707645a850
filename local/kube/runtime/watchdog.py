"""Ends all containers when the server ends, however it ended.

As a program (run by path with ``python -I -S``) it reads lines ``+PID ID`` and ``-PID ID`` from stdin, a pipe that only the
server holds; when that closes, the containers still known are killed. With namespaces, PID is the
first of its namespace, which ends with it. Without, a container's processes are
those of its session and those that carry its id in their environment: a process that gave up both escapes.
"""

import contextlib
import os
import signal
import sys
import time

#: Carries the container's id in the environment of its processes.
MARK = "LOOM_PLAIN_CONTAINER"
_DEADLINE = 5.0
_PAUSE = 0.01


def end_container(session: int, container_id: str) -> None:
    """Kills its processes until none is left, for at most five seconds; the kernel may hold one in a system call."""
    deadline = time.monotonic() + _DEADLINE
    while (left := _processes(session, container_id)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)


def _processes(session: int, container_id: str) -> list[int]:
    mark = f"{MARK}={container_id}".encode()
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # pathlib is slow to import
    return [pid for pid in pids if pid != os.getpid() and _belongs(pid, session, mark)]


def _belongs(pid: int, session: int, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # as above
            state, _, _, its_session = file.read().rpartition(b")")[2].split()[:4]
        if state in (b"Z", b"X"):
            return False
        if int(its_session) == session:
            return True
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123  # as above
            return mark in file.read().split(b"\0")
    except OSError:  # it ended meanwhile, or is someone else's
        return False


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the server's end is what counts
        signal.signal(number, signal.SIG_IGN)
    running: dict[int, str] = {}
    for line in sys.stdin:
        pid, container_id = line[1:].split()
        if line.startswith("+"):
            running[int(pid)] = container_id
        else:
            running.pop(int(pid), None)
    for session, container_id in running.items():
        end_container(session, container_id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
