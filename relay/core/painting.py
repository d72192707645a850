"""Repaints: what a viewer is sent that cannot have the container's bytes, because it is slow or its terminal has another size.

Sequences are those of xterm's ctlseqs. What is too large is cut as tmux does it for a client smaller than its window: the part
with the cursor is shown. What is larger than the session has a border around it.
"""

from typing import Final

from loom.wire import Resize
from relay.core.screen import CLEAR, Screen

_ALTERNATE: Final = 1049
_CURSOR_SHOWN: Final = 25
_MOUSE: Final = frozenset((9, 1000, 1002, 1003, 1005, 1006, 1015, 1016))
#: Application cursor keys, reverse video, application keypad, focus reports, bracketed paste.
_FOLLOWED: Final = _MOUSE | {1, 5, _CURSOR_SHOWN, 66, 1004, _ALTERNATE, 2004}
_BEGIN: Final = b"\x1b[?2026h\x1b[?25l"  # to be shown as a whole, by terminals that can
_END: Final = b"\x1b[?2026l"
#: Wide characters at the right edge shall not wrap, nor the last cell scroll.
_NO_WRAP: Final = b"\x1b[?7l"
_DIM: Final = b"\x1b[0;2m"


class Painter:
    """Draws the session's screen on one viewer's terminal, and remembers what it has there."""

    def __init__(self) -> None:
        self._layout: tuple[Resize, Resize] | None = None
        self._rows: dict[int, bytes] = {}
        self._modes: frozenset[int] = frozenset()
        self._cursor = (0, 0)

    def paint(self, screen: Screen, session: Resize, viewer: Resize) -> bytes:
        """What changed since the last time, for a terminal of the size ``viewer``; empty when nothing did."""
        height, width = min(session.rows, viewer.rows), min(session.cols, viewer.cols)
        row, col = screen.cursor()
        top, left = _offset(row, height, session.rows), _offset(col, width, session.cols)
        modes = screen.modes(_FOLLOWED)
        if top or left:
            modes -= _MOUSE  # the terminal would report other places than the program has
        rows = screen.rows(top, left, height, width)
        drawn = self._set_up((session, viewer), modes) + self._draw(_bordered(rows, session, viewer))
        cursor = (row - top, col - left)
        if not drawn and cursor == self._cursor:
            return b""
        self._cursor = cursor
        shown = b"\x1b[?25h" if _CURSOR_SHOWN in modes else b""
        return _BEGIN + drawn + b"\x1b[%d;%dH" % (cursor[0] + 1, cursor[1] + 1) + shown + _END

    def _set_up(self, layout: tuple[Resize, Resize], modes: frozenset[int]) -> bytes:
        """The terminal into these modes, and anew when a size is another."""
        begin = b""
        if layout != self._layout:
            self._layout, self._rows, self._modes = layout, {}, frozenset((_CURSOR_SHOWN,))
            begin = CLEAR + _NO_WRAP
        changed = sorted(modes ^ self._modes)
        self._modes = modes
        if _ALTERNATE in changed:
            self._rows = {}
        switches = (b"\x1b[?%d%s" % (mode, b"h" if mode in modes else b"l") for mode in changed)
        return begin + b"".join(switches) + (b"\x1b[0m\x1b[2J" if _ALTERNATE in changed else b"")

    def _draw(self, rows: list[bytes]) -> bytes:
        drawn = bytearray()
        for number, row in enumerate(rows):
            if self._rows.get(number, b"") != row:
                self._rows[number] = row
                drawn += b"\x1b[%dH\x1b[0m\x1b[2K" % (number + 1) + row
        return bytes(drawn) + (b"\x1b[0m" if drawn else b"")


def _offset(cursor: int, shown: int, whole: int) -> int:
    """The first of ``whole`` rows or columns to show (tmux, ``tty_window_offset1``)."""
    if cursor < shown:
        return 0
    return whole - shown if cursor > whole - shown else cursor - shown // 2


def _bordered(rows: list[bytes], session: Resize, viewer: Resize) -> list[bytes]:
    """The rows with a line where the session ends and the viewer's terminal goes on."""
    beside = viewer.cols > session.cols
    if beside:
        rows = [b"%b\x1b[%dG%b\xe2\x94\x82" % (row, session.cols + 1, _DIM) for row in rows]
    if viewer.rows > session.rows:
        line = "─" * min(session.cols, viewer.cols) + ("┘" if beside else "")
        rows = [*rows, _DIM + line.encode()]
    return rows
