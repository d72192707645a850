"""What waits to be sent to one viewer: output and control messages in order, bounded in bytes."""

from collections import deque
from collections.abc import Callable
from typing import Final

from loom.wire import ServerMessage

#: Terminal output, or a control message.
Item = bytes | ServerMessage

#: How much output is joined into one frame.
_JOIN: Final = 256 * 1024


class Outbox:
    """A queue with one writer task behind it. ``wake`` is called whenever there is something new for that task.

    Output beyond ``limit`` bytes is not taken: the hub then stops feeding this viewer until the queue has run empty.
    Control messages are always taken; they are few.
    """

    def __init__(self, limit: int, wake: Callable[[], None]) -> None:
        self._limit = limit
        self._wake = wake
        self._items: deque[Item] = deque()
        self.size = 0  # bytes of output in the queue
        self.closed = False

    def put_output(self, data: bytes) -> bool:
        """False when the queue is full: nothing was taken."""
        if self.size + len(data) > self._limit:
            return False
        if data and not self.closed:
            self._items.append(data)
            self.size += len(data)
            self._wake()
        return True

    def put(self, message: ServerMessage) -> None:
        """A control message, behind everything that is in the queue."""
        if not self.closed:
            self._items.append(message)
            self._wake()

    def discard_output(self) -> None:
        """Forgets the output that was not sent yet; control messages stay."""
        self._items = deque(item for item in self._items if not isinstance(item, bytes))
        self.size = 0

    def close(self) -> None:
        """Nothing more will be put; what is in the queue is still sent."""
        self.closed = True
        self._wake()

    def take(self) -> Item | None:
        """The next item, neighbouring output joined; None when the queue is empty."""
        if not self._items:
            return None
        first = self._items.popleft()
        if not isinstance(first, bytes):
            return first
        pieces, length = [first], len(first)
        while self._items and isinstance(self._items[0], bytes) and length + len(self._items[0]) <= _JOIN:
            pieces.append(self._items.popleft())  # type: ignore[arg-type]  # the condition says bytes
            length += len(pieces[-1])
        self.size -= length
        return first if len(pieces) == 1 else b"".join(pieces)
