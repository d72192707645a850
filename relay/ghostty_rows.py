"""Part of what a Ghostty terminal shows, row by row, for viewers who are served repaints (:mod:`relay.core.painting`)."""

from typing import Any, Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check, union_fn
from pyghostty.core import init_sized

_GRID_REF: Final = union_fn(
    "ghostty_terminal_grid_ref", "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)"
)


class Rows:
    """Reads ``terminal``. Its structures are made once: making them costs more than reading a whole screen."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal._t[0]  # noqa: SLF001
        self._point = ffi.new("GhosttyPointS*")
        self._point.tag = lib.GHOSTTY_POINT_TAG_ACTIVE
        self._ref = init_sized("GhosttyGridRef")
        self._cell = ffi.new("GhosttyCell*")
        self._wide = ffi.new("GhosttyCellWide*")
        self._selection = init_sized("GhosttySelection")
        self._selection.rectangle = True
        self._options = init_sized("GhosttyFormatterTerminalOptions")
        self._options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        self._options.selection = self._selection

    def read(self, top: int, left: int, height: int, width: int, cols: int) -> list[bytes]:
        """See :meth:`relay.core.screen.Screen.rows`; ``cols`` is how many columns the terminal has."""
        rows = self._format(top, left, height, width)
        last = left + width - 1
        for y, row in enumerate(rows, top):
            if row and (left or last + 1 < cols):
                rows[y - top] = self._without_halves(row, y, left, last, cols)
        return rows

    def _without_halves(self, row: bytes, y: int, first: int, last: int, cols: int) -> bytes:
        """A wide character that an edge cuts comes whole: it would shift the row, or be half beyond the edge."""
        begins_outside = first > 0 and self.part_at(first, y) == lib.GHOSTTY_CELL_WIDE_SPACER_TAIL
        ends_outside = last + 1 < cols and self.part_at(last, y) == lib.GHOSTTY_CELL_WIDE_WIDE
        if not begins_outside and not ends_outside:
            return row
        left, right = first + begins_outside, last - ends_outside
        return b" " * begins_outside + (self._format(y, left, 1, right - left + 1)[0] if left <= right else b"")

    def _format(self, top: int, left: int, height: int, width: int) -> list[bytes]:
        self._selection.start = self.at(left, top)
        self._selection.end = self.at(left + width - 1, top + height - 1)
        formatter, text, length = ffi.new("GhosttyFormatter*"), ffi.new("uint8_t**"), ffi.new("size_t*")
        check(lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._terminal, self._options[0]), "formatter")
        try:
            check(lib.ghostty_formatter_format_alloc(formatter[0], ffi.NULL, text, length), "format")
            rows = bytes(ffi.buffer(text[0], length[0])).split(b"\r\n")
            lib.ghostty_free(ffi.NULL, text[0], length[0])
        finally:
            lib.ghostty_formatter_free(formatter[0])
        return rows + [b""] * (height - len(rows))  # it leaves out blank ones at the end

    def at(self, x: int, y: int) -> Any:
        """A reference to the cell, valid until the terminal changes or the next is asked for."""
        self._point.value.x, self._point.value.y = x, y
        check(_GRID_REF(self._terminal, self._point[0], self._ref), f"grid_ref {x},{y}")
        return self._ref[0]

    def part_at(self, x: int, y: int) -> int:
        """Which part of a character is in this cell: one of GHOSTTY_CELL_WIDE_*."""
        self.at(x, y)
        check(lib.ghostty_grid_ref_cell(self._ref, self._cell), "cell")
        check(lib.ghostty_cell_get(self._cell[0], lib.GHOSTTY_CELL_DATA_WIDE, self._wide), "cell width")
        return int(self._wide[0])
