"""Sees to it that no container outlives the server, however that ends: it holds the watchdog's pipe."""

import subprocess

from local.kube.runtime import watchdog
from local.kube.runtime.guest import interpreter


class Guard:
    """Containers are told to the watchdog (see :mod:`local.kube.runtime.watchdog`) before their program begins."""

    def __init__(self) -> None:
        self._watchdog: subprocess.Popen[str] | None = None

    def open(self) -> None:
        argv = [interpreter(), "-I", "-S", watchdog.__file__]
        self._watchdog = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1, start_new_session=True
        )

    def watch(self, pid: int, container_id: str) -> None:
        """``pid`` is the main process, as the host knows it; it leads a session."""
        self._tell(f"+{pid} {container_id}\n")

    def forget(self, pid: int, container_id: str) -> None:
        """The container is gone."""
        self._tell(f"-{pid} {container_id}\n")

    def close(self) -> None:
        """No container is left."""
        if self._watchdog is not None:
            self._watchdog.communicate()
            self._watchdog = None

    def _tell(self, line: str) -> None:
        if self._watchdog is None or self._watchdog.stdin is None:
            raise RuntimeError("a container without a guard")
        self._watchdog.stdin.write(line)
