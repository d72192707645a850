"""A node in memory: containers that are nothing but queues, so that tests of the HTTP side decide what happens when."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.kube.node import ExecFailed
from local.kube.objects import Object
from local.kube.status import PlainError

Key = tuple[str, str]


@dataclass
class StandInContainer:
    tty: bool = True
    stdin: bool = True
    attached: list["StandInAttachment"] = field(default_factory=list)
    arrivals: asyncio.Queue["StandInAttachment"] = field(default_factory=asyncio.Queue)

    async def output(self, data: bytes, channel: int = 1) -> None:
        for attachment in self.attached:
            attachment.queue.put_nowait((channel, data))

    async def end(self) -> None:
        for attachment in self.attached:
            attachment.queue.put_nowait(None)

    async def next_attached(self) -> "StandInAttachment":
        async with asyncio.timeout(20):
            return await self.arrivals.get()


@dataclass
class StandInAttachment:
    container: StandInContainer
    queue: asyncio.Queue[tuple[int, bytes] | None] = field(default_factory=asyncio.Queue)
    written: bytes = b""
    size: tuple[int, int] | None = None
    stdin_closed: bool = False
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tty(self) -> bool:
        return self.container.tty

    @property
    def stdin(self) -> bool:
        return self.container.stdin

    async def read(self) -> tuple[int, bytes] | None:
        return await self.queue.get()

    async def write(self, data: bytes) -> None:
        """Keeps ``data`` and echoes it, as a terminal does."""
        self.written += data
        await self.container.output(data)

    def close_stdin(self) -> None:
        self.stdin_closed = True
        self.queue.put_nowait((1, b"stdin closed"))

    def resize(self, rows: int, cols: int) -> None:
        self.size = (rows, cols)
        self.queue.put_nowait((1, f"{rows} {cols}".encode()))

    def close(self) -> None:
        self.closed.set()
        self.queue.put_nowait(None)


@dataclass
class StandInExecution(StandInAttachment):
    exits: int = 0

    async def exit_code(self) -> int:
        return self.exits


class StandInNode:
    def __init__(self) -> None:
        self.containers: dict[Key, StandInContainer] = {}
        self.logs: dict[Key, Path] = {}
        self.ended: defaultdict[Key, asyncio.Event] = defaultdict(asyncio.Event)

    def attach(self, pod: Object, container: str) -> StandInAttachment:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        found = self.containers.get((name, container))
        if found is None:
            raise PlainError(500, f"container {container} not found in pod {name}_{namespace}")
        attachment = StandInAttachment(found)
        found.attached.append(attachment)
        found.arrivals.put_nowait(attachment)
        return attachment

    def require_running(self, pod: Object, container: str) -> None:
        if (pod["metadata"]["name"], container) not in self.containers:
            raise PlainError(500, f'container not found ("{container}")')

    async def execute(
        self, pod: Object, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> "StandInExecution":
        """A program that ends at once with the number of its words as exit code; none does not start."""
        if not command:
            raise ExecFailed("args must not be empty")
        found = StandInExecution(StandInContainer(tty, stdin), exits=len(command))
        found.queue.put_nowait(None)
        return found

    def log_path(self, pod: Object, container: str) -> Path | None:
        return self.logs.get((pod["metadata"]["name"], container))

    def log_ended(self, pod: Object, container: str) -> asyncio.Event:
        return self.ended[pod["metadata"]["name"], container]
