"""What waits to be sent to one viewer: output and control messages in order, bounded in bytes."""

from collections import deque
from collections.abc import Callable
from typing import Final

from loom.wire import ServerMessage

#: Terminal output, or a control message.
Item = bytes | ServerMessage

#: Bytes of output in one frame, at most.
FRAME: Final = 64 * 1024


class Outbox:
    """A queue with one writer task behind it. ``wake`` is called whenever there is something new for that task.

    Output beyond ``limit`` bytes is not taken: the hub then stops feeding this viewer until the queue has run empty. Screens
    and control messages are always taken: the hub bounds the ones, and the others are few. ``peak`` is the most it has held.
    """

    def __init__(self, limit: int, wake: Callable[[], None]) -> None:
        self._limit = limit
        self.wake = wake
        self._items: deque[Item] = deque()
        self.of_screens = 0  # bytes of screens in the queue: they leave the limit to output
        self.peak = 0
        self.taken = 0  # bytes of output that have left it
        self.size = 0  # bytes of output in the queue
        self.closed = False

    def put_output(self, data: bytes) -> bool:
        """False when the queue is full: nothing was taken."""
        if self.size + len(data) > self._limit + self.of_screens:
            return False
        self._put(data)
        return True

    def put_screen(self, data: bytes) -> None:
        """The screen, or what of it changed: as large as it is."""
        self.of_screens += len(data)
        self._put(data)

    def put(self, message: ServerMessage) -> None:
        """A control message, behind everything that is in the queue."""
        if not self.closed:
            self._items.append(message)
            self.wake()

    def discard_output(self) -> None:
        """Forgets the output that was not sent yet; control messages stay."""
        self._items = deque(item for item in self._items if not isinstance(item, bytes))
        self.size = self.of_screens = 0

    def close(self) -> None:
        """Nothing more will be put; what is in the queue is still sent."""
        self.closed = True
        self.wake()

    def take(self) -> Item | None:
        """The next item, neighbouring output joined up to the size of a frame; None when the queue is empty."""
        if not self._items:
            return None
        first = self._items.popleft()
        if not isinstance(first, bytes):
            return first
        if len(first) > FRAME:
            self._items.appendleft(first[FRAME:])
            first = first[:FRAME]
        pieces, length = [first], len(first)
        while self._items and isinstance(self._items[0], bytes) and length + len(self._items[0]) <= FRAME:
            pieces.append(self._items.popleft())  # type: ignore[arg-type]  # the condition says bytes
            length += len(pieces[-1])
        self.size -= length
        self.taken += length
        self.of_screens = min(self.of_screens, self.size)
        return first if len(pieces) == 1 else b"".join(pieces)

    def _put(self, data: bytes) -> None:
        if data and not self.closed:
            self._items.append(data)
            self.size += len(data)
            self.peak = max(self.peak, self.size)
            self.wake()
