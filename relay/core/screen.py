"""The port to the terminal emulator that holds a session's true screen; :mod:`relay.ghostty` implements it."""

from collections.abc import Iterable
from typing import Final, Protocol

#: Rows and columns of a session until a driver has told a size.
UNSIZED: Final = (24, 80)
#: Puts a terminal that shows anything into the state a snapshot starts from: main screen, no modes, margins or colours, no open link, cleared.
#: It may be in the middle of a sequence, too, which CAN ends (ECMA-48, and DEC's parser in every state).
CLEAR: Final = (
    b"\x18\x1b[?1049l\x1b[?1;5;6;9;12;45;66;69;1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l\x1b[?7;25h\x1b[4;20l\x1b>\x1b[>4m"
    b"\x1b[=0u\x1b[r\x1b(B\x1b)B\x0f\x1b]8;;\x1b\\\x1b[0m\x1b[0 q\x1b[H\x1b[2J"
)


class Screen(Protocol):
    """What a terminal of the session's size shows after all output so far."""

    def feed(self, data: bytes) -> None:
        """Takes output of the container, cut anywhere."""

    def ask(self, query: bytes) -> None:
        """A query that a program wrote, after the output fed so far (:mod:`relay.core.queries`). It is answered once or not at all."""

    def resize(self, rows: int, cols: int) -> None:
        """The session has a new size, in character cells."""

    def snapshot(self) -> bytes:
        """VT sequences that bring a cleared terminal of the same size to this state: scrollback, screen, cursor, modes.

        Ends with the beginning of a sequence or character that the output has not finished, so that the output which
        follows can simply be sent after it. Empty as long as nothing was fed.
        """

    def rows(self, top: int, left: int, height: int, width: int) -> list[bytes]:
        """A rectangle of what is shown (not of the scrollback), row by row, counted from 0.

        Text and its attributes as VT sequences that move nothing. Each begins in the default attributes and ends in them;
        blanks at its end may be missing. A wide character that an edge cuts is a blank.
        """

    def cursor(self) -> tuple[int, int]:
        """Row and column, counted from 0."""

    def modes(self, among: Iterable[int]) -> frozenset[int]:
        """Which of these DEC private modes are set (xterm's ctlseqs, DECSET). 1049 stands for every alternate screen."""
