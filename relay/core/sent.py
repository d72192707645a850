"""Input that streams were given: what a stream that broke did not bring to the container is for the next one.

``loom session`` counts what it reads and tells it in its snapshot. Whoever else types in the container (``kubectl attach``)
makes it count more: then less is given again, never more than what was lost.
"""

from typing import Final

#: Bytes that may be on their way when a stream breaks; should it be more, nothing is given again.
LIMIT: Final = 256 * 1024


class Sent:
    """What was given to streams since the container last told how many bytes it had read."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._count = 0
        self._base: int | None = 0  # what it had read then; None when that is not known

    def __bool__(self) -> bool:
        """Whether some of it may be lost when the stream breaks."""
        return bool(self._tail) and self._base is not None

    def add(self, data: bytes) -> None:
        """A stream has it."""
        self._tail += data
        self._count += len(data)
        del self._tail[:-LIMIT]

    def lost(self, read: int) -> bytes:
        """What did not arrive, when the container has read so many bytes in all; counting begins anew."""
        missing = 0 if self._base is None else self._count - (read - self._base)
        lost = bytes(self._tail[-missing:]) if 0 < missing <= len(self._tail) else b""
        self._tail.clear()
        self._count, self._base = 0, read
        return lost

    def forget(self) -> None:
        """A new stream goes on, and nobody knows what the one before brought."""
        self._tail.clear()
        self._base = None
