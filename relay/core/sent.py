"""Input for the container, and what of it a stream that broke did not bring there: that is for the next one.

``loom session`` tells how much of each input it got (:mod:`loom.wire.tags`). It leaves out what comes twice, so pieces are
sent again whole, and also while the stream before may still be bringing them.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loom.wire import MOST_INPUTS, tagged
from relay.core.viewer import Typing

#: Bytes that may be on their way when a stream breaks; of more, the first are not known any more.
LIMIT: Final = 256 * 1024
#: Keys are kept together in pieces of at most so many bytes.
_TOGETHER: Final = 1024
#: Bytes that a piece takes beside its data.
_OVERHEAD: Final = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """Input from ``start`` to ``end`` of all that its viewer typed; without a ``typing`` it is the screen's answer to a program.

    Without ``data`` it is not for the container: an observer typed it, say.
    """

    data: bytes
    typing: Typing | None = None
    start: int = 0
    end: int = 0

    @property
    def cost(self) -> int:
        """Bytes that it takes here."""
        return _OVERHEAD + len(self.data)

    def tagged(self) -> bytes:
        """As a ``loom session`` takes it."""
        if not self.typing:
            return self.data
        return tagged(self.typing.id, self.start if self.data else self.end, self.data)


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
            self._size -= self._pieces.pop().cost
            piece = both
        self._pieces.append(piece)
        self._size += piece.cost
        while self._size > LIMIT:
            self._size -= self._pieces.popleft().cost

    def lost(self, positions: Mapping[str, int]) -> list[Piece]:
        """What did not arrive, when so much of each input did. Counting begins anew.

        Of an input of which the first lost piece is not known any more nothing comes again: it would have a hole. Nor of one that
        the session may have forgotten.
        """
        lost = []
        came = dict(positions)
        forgets = len(positions.keys() | {piece.typing.id for piece in self._pieces if piece.typing}) > MOST_INPUTS
        for piece in self._pieces:
            assert piece.typing  # noqa: S101  # by add
            if forgets and piece.typing.id not in positions:
                continue
            if piece.start <= came.setdefault(piece.typing.id, piece.start) < piece.end:
                lost.append(piece)
                came[piece.typing.id] = piece.end
        self._pieces.clear()
        self._size = 0
        return lost


def _together(one: Piece, next_: Piece) -> Piece | None:
    """Both as one piece, if that is possible and small."""
    if one.typing is not next_.typing or one.end != next_.start or not one.data or not next_.data:
        return None
    data = one.data + next_.data
    return Piece(data, one.typing, one.start, next_.end) if len(data) <= _TOGETHER else None
