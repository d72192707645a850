"""What the HTTP side asks of the node. :class:`local.kube.kubelet.Kubelet` is the one that answers."""

import asyncio
from pathlib import Path
from typing import Protocol

from local.kube.objects import Object


class Attachment(Protocol):
    """One client's connection to the streams of a running container."""

    @property
    def tty(self) -> bool: ...

    @property
    def stdin(self) -> bool: ...

    async def read(self) -> tuple[int, bytes] | None:
        """(channel 1 or 2, data); None when the container is over or :meth:`close` was called."""

    async def write(self, data: bytes) -> None:
        """To the container's stdin; returns when it was taken."""

    def close_stdin(self) -> None: ...

    def resize(self, rows: int, cols: int) -> None: ...

    def close(self) -> None:
        """Detaches; never ends the container."""


class Node(Protocol):
    def attach(self, pod: Object, container: str) -> Attachment:
        """Raises ApiError or PlainError when the container cannot be attached to now."""

    def log_path(self, pod: Object, container: str) -> Path | None:
        """The file of its log in CRI format, None when it never started."""

    def log_ended(self, pod: Object, container: str) -> asyncio.Event:
        """Set when nothing more will be written to the log."""
