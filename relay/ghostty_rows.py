"""What a Ghostty terminal shows, or part of it, row by row.

libghostty's formatter gives blanks the attributes of the text before them, leaves out colours where there is no text, and links:
such rows are put together from their cells.
"""

import re
from itertools import groupby
from typing import Any, Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check, union_fn
from pyghostty.core import init_sized

from relay.ghostty_cells import Cells, coloured

#: Attributes that show on a blank: background, underline, reverse, strikethrough, overline.
SHOWS_ON_BLANK: Final = re.compile(rb"\x1b\[(?:48;|4[m:]|[79]m|53m)")
_LONGEST_URI: Final = 8 * 1024
_GRID_REF: Final = union_fn(
    "ghostty_terminal_grid_ref", "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyGridRef*)"
)


class Rows:
    """Reads ``terminal``. Its structures are made once: making them costs more than reading a whole screen."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal._t[0]  # noqa: SLF001
        self._cells = Cells(terminal)
        self._point = ffi.new("GhosttyPointS*")
        self._point.tag = lib.GHOSTTY_POINT_TAG_ACTIVE
        self._ref = init_sized("GhosttyGridRef")
        self._cell = ffi.new("GhosttyCell*")
        self._wide = ffi.new("GhosttyCellWide*")
        self._uri = ffi.new("uint8_t[]", _LONGEST_URI)
        self._length = ffi.new("size_t*")
        self._selection = init_sized("GhosttySelection")
        self._selection.rectangle = True
        self._options = init_sized("GhosttyFormatterTerminalOptions")
        self._options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        self._options.selection = self._selection

    def read(self, top: int, left: int, height: int, width: int, cols: int) -> list[bytes]:
        """See :meth:`relay.core.screen.Screen.rows`; ``cols`` is how many columns the terminal has."""
        rows = self._format(top, left, height, width)
        for y, (cells, has_links) in enumerate(self._cells.read(top, height), top):
            cells = cells[left : left + width]
            if has_links or _is_told_wrongly(rows[y - top], cells):
                rows[y - top] = self._from_cells(y, left, cells, cols, has_links=has_links)
            elif rows[y - top] and width < cols:
                rows[y - top] = self._without_halves(rows[y - top], y, left, left + width - 1, cols)
        return rows

    def _from_cells(self, y: int, left: int, cells: memoryview, cols: int, *, has_links: bool) -> bytes:
        """A row of text, links, colours and gaps."""
        last = left + len(cells) - 1

        def kind(x: int) -> bytes | None:
            """None for a blank; the address of a link."""
            part = self.part_at(x, y) if x in (left, last) else lib.GHOSTTY_CELL_WIDE_NARROW
            begins_outside = x == left and part == lib.GHOSTTY_CELL_WIDE_SPACER_TAIL
            ends_outside = x == last < cols - 1 and part == lib.GHOSTTY_CELL_WIDE_WIDE
            if not cells[x - left] or begins_outside or ends_outside:
                return None
            return self._address(x, y) if has_links else b""

        row = gap = b""
        for address, run in groupby(range(left, last + 1), kind):
            xs = list(run)
            text = b""
            if address is not None:
                text = self._format(y, xs[0], 1, len(xs))[0] or coloured(cells[xs[0] - left :][: len(xs)])
            if not text:
                gap += b"\x1b[%dC" % len(xs)
                continue
            row += gap + (b"\x1b]8;;%b\x1b\\%b\x1b]8;;\x1b\\" % (address, text) if address else text)
            gap = b""
        return row

    def _address(self, x: int, y: int) -> bytes:
        """Where the link in this cell leads; empty if there is none."""
        self.at(x, y)
        self._length[0] = 0
        failed = lib.ghostty_grid_ref_hyperlink_uri(self._ref, self._uri, _LONGEST_URI, self._length)
        return b"" if failed else bytes(ffi.buffer(self._uri, self._length[0]))

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


def _is_told_wrongly(text: bytes, cells: memoryview) -> bool:
    if not text:
        return any(cells)
    return bool(SHOWS_ON_BLANK.search(text)) and _has_gap(cells)


def _has_gap(cells: memoryview) -> bool:
    values = cells.tolist()
    while values and not values[-1]:
        values.pop()
    return 0 in values
