"""One container's output to everyone attached.

A container is slowed to its slowest attacher, as in Kubernetes: one that does not read stops it, for as long as it is attached.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

#: Bytes on their way to one attacher before the source is stopped; it goes on when half of them are left.
MAX_QUEUE: Final = 1024 * 1024


class Queue:
    """Output on its way to one attacher."""

    def __init__(self, fanout: "Fanout") -> None:
        self._fanout = fanout
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._over = False
        self.is_full = False

    async def get(self) -> tuple[int, bytes] | None:
        """The next (channel, data); None when there will be no more."""
        while not self._chunks:
            if self._over:
                return None
            self._filled.clear()
            await self._filled.wait()
        channel, data = self._chunks.popleft()
        self._size -= len(data)
        if self.is_full and self._size <= MAX_QUEUE // 2:
            self._empty_enough()
        return channel, data

    def put(self, channel: int, data: bytes) -> None:
        self._chunks.append((channel, data))
        self._size += len(data)
        self._filled.set()
        self.is_full = self.is_full or self._size >= MAX_QUEUE

    def end(self) -> None:
        """No more will come; what is here may still be read."""
        self._over = True
        self._filled.set()
        self._empty_enough()

    def discard(self) -> None:
        """Ends at once."""
        self._chunks.clear()
        self._fanout.remove(self)
        self.end()

    def _empty_enough(self) -> None:
        if self.is_full:
            self.is_full = False
            self._fanout.relieved()


class Fanout:
    """``pause`` and ``resume`` stop and start the source."""

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pause = pause
        self._resume = resume
        self._queues: set[Queue] = set()

    def add(self) -> Queue:
        queue = Queue(self)
        self._queues.add(queue)
        return queue

    def remove(self, queue: Queue) -> None:
        self._queues.discard(queue)

    def put(self, channel: int, data: bytes) -> None:
        for queue in self._queues:
            queue.put(channel, data)
        if any(queue.is_full for queue in self._queues):
            self._pause()

    def relieved(self) -> None:
        if not any(queue.is_full for queue in self._queues):
            self._resume()

    def end(self) -> None:
        for queue in tuple(self._queues):
            queue.end()
        self._queues.clear()
