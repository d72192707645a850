"""What the HTTP side asks of the node. :class:`local.kube.kubelet.Kubelet` is the one that answers."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from local.kube.objects import Object
from local.kube.runtime.config import ExecFailed

__all__ = ["ExecFailed", "Execution", "Node", "Streams"]


class Streams(Protocol):
    """One client's connection to the streams of a running program."""

    @property
    def tty(self) -> bool: ...

    @property
    def stdin(self) -> bool: ...

    async def read(self) -> tuple[int, bytes] | None:
        """(channel 1 or 2, data); None when the program is over or :meth:`close` was called."""

    async def write(self, data: bytes) -> None:
        """To the program's stdin; returns when it was taken."""

    def close_stdin(self) -> None: ...

    def resize(self, rows: int, cols: int) -> None: ...

    def close(self) -> None:
        """Detaches; never ends the program."""


class Execution(Streams, Protocol):
    """The streams of a program that was started for this client."""

    async def exit_code(self) -> int:
        """Once it has ended; 128 + n for signal n."""


class Node(Protocol):
    def attach(self, pod: Object, container: str) -> Streams:
        """Raises ApiError or PlainError when the container cannot be attached to now."""

    def require_running(self, pod: Object, container: str) -> None:
        """Raises PlainError when nothing can be executed in the container now."""

    async def execute(
        self, pod: Object, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> Execution:
        """Raises PlainError as :meth:`require_running`, ExecFailed when the program does not start."""

    def log_path(self, pod: Object, container: str) -> Path | None:
        """The file of its log in CRI format, None when it never started."""

    def log_ended(self, pod: Object, container: str) -> asyncio.Event:
        """Set when nothing more will be written to the log."""
