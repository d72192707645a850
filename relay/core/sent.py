"""Input for the container, and what of it a stream that broke did not bring there: that is for the next one.

``loom session`` tells how much of each input it got (:mod:`loom.wire.tags`). It leaves out what comes twice, so pieces are
sent again whole, and also while the stream before may still be bringing them.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loom.wire import TAG, tag
from relay.core.viewer import Typing

#: Bytes that may be on their way when a stream breaks; of more, the first are not known any more.
LIMIT: Final = 256 * 1024
#: Keys are kept together in pieces of at most so many bytes.
_TOGETHER: Final = 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Input, from position ``start`` of all that its viewer typed; without a ``typing`` it is the screen's answer to a program."""

    data: bytes
    typing: Typing | None = None
    start: int = 0

    @property
    def end(self) -> int:
        """The position after it."""
        return self.start + len(self.data)

    def tagged(self) -> bytes:
        """As a ``loom session`` takes it."""
        return tag(self.typing.id, self.start, len(self.data)) + self.data if self.typing else self.data


class Sent:
    """The tagged pieces that streams were given since ``loom session`` last told what it got."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        """Whether some of it may be lost when the stream breaks."""
        return bool(self._pieces)

    def add(self, piece: Piece) -> None:
        """A stream has it."""
        if not piece.typing:  # programs that get no answer ask again
            return
        if self._pieces and (both := _together(self._pieces[-1], piece)):
            self._pieces[-1] = both
        else:
            self._pieces.append(piece)
        self._size += len(piece.data)
        while self._size > LIMIT:
            self._size -= len(self._pieces.popleft().data)

    def lost(self, positions: Mapping[str, int]) -> list[Piece]:
        """What did not arrive, when so much of each input did. Counting begins anew.

        Of an input of which the first lost piece is not known any more nothing comes again: it would have a hole.
        """
        lost = []
        came = dict(positions)
        for piece in self._pieces:
            assert piece.typing  # noqa: S101  # by add
            if piece.start <= came.setdefault(piece.typing.id, piece.start) < piece.end:
                lost.append(piece)
                came[piece.typing.id] = piece.end
        self.forget()
        return lost

    def forget(self) -> None:
        """A new stream goes on, and nobody knows what the one before brought."""
        self._pieces.clear()
        self._size = 0


def _together(one: Piece, next_: Piece) -> Piece | None:
    """Both as one piece, if that is possible and small."""
    if one.typing is not next_.typing or one.end != next_.start or len(one.data) + len(next_.data) > _TOGETHER:
        return None
    data = one.data + next_.data
    return None if TAG in data else Piece(data, one.typing, one.start)
