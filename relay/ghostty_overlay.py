"""What libghostty's formatter leaves out of the rows of a screen, to be drawn over them: coloured rows without text, and links."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check

from relay.ghostty_rows import Rows

_LONGEST_URI: Final = 8 * 1024


def overlay(terminal: Terminal) -> bytes:
    """Sequences for a terminal without margins that shows the text already."""
    cols, height = terminal.size
    rows = Rows(terminal)
    texts = rows.read(0, 0, height, cols, cols)
    drawn = bytearray()
    for y, row in enumerate(shown(terminal)):
        if not texts[y] and any(row.cells):
            drawn += b"\x1b[%dH" % (y + 1) + _coloured(row.cells)
        if row.has_links:
            for x, width, uri in _links(rows, y, cols):
                text = rows.read(y, x, 1, width, cols)[0]
                drawn += b"\x1b[%d;%dH\x1b]8;;%b\x1b\\%b\x1b]8;;\x1b\\" % (y + 1, x + 1, uri, text)
    return bytes(drawn)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the screen: its cells as libghostty packs them, 0 for one never written to."""

    cells: memoryview
    has_links: bool


def shown(terminal: Terminal) -> Iterator[Row]:
    """The rows of the screen."""
    state, rows = ffi.new("GhosttyRenderState*"), ffi.new("GhosttyRenderStateRowIterator*")
    cells, row, flag = ffi.new("GhosttyCellsView*"), ffi.new("GhosttyRow*"), ffi.new("bool*")
    check(lib.ghostty_render_state_new(ffi.NULL, state), "render_state")
    check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, rows), "row_iterator")
    try:
        check(lib.ghostty_render_state_update(state[0], terminal._t[0]), "render_state")  # noqa: SLF001
        check(lib.ghostty_render_state_get(state[0], lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, rows), "rows")
        while lib.ghostty_render_state_row_iterator_next(rows[0]):
            check(
                lib.ghostty_render_state_row_get(rows[0], lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, cells), "cells"
            )
            check(lib.ghostty_render_state_row_get(rows[0], lib.GHOSTTY_RENDER_STATE_ROW_DATA_RAW, row), "row")
            check(lib.ghostty_row_get(row[0], lib.GHOSTTY_ROW_DATA_HYPERLINK, flag), "hyperlink")
            yield Row(memoryview(bytes(ffi.buffer(cells.ptr, cells.len * 8))).cast("Q"), bool(flag[0]))
    finally:
        lib.ghostty_render_state_row_iterator_free(rows[0])
        lib.ghostty_render_state_free(state[0])


def _coloured(cells: memoryview) -> bytes:
    """The row erased (ECH) in the cells' background colours, as programs do it."""
    runs = [(_background(cell), len(list(run))) for cell, run in groupby(cells)]
    return b"".join(b"\x1b[0%bm\x1b[%dX\x1b[%dC" % (colour, width, width) for colour, width in runs) + b"\x1b[0m"


def _background(cell: int) -> bytes:
    """Parameters of SGR; empty for the default."""
    tag = ffi.new("GhosttyCellContentTag*")
    check(lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_CONTENT_TAG, tag), "content_tag")
    if tag[0] == lib.GHOSTTY_CELL_CONTENT_BG_COLOR_PALETTE:
        number = ffi.new("uint8_t*")
        check(lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_COLOR_PALETTE, number), "color_palette")
        return b";48;5;%d" % number[0]
    if tag[0] == lib.GHOSTTY_CELL_CONTENT_BG_COLOR_RGB:
        colour = ffi.new("GhosttyColorRgb*")
        check(lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_COLOR_RGB, colour), "color_rgb")
        return b";48;2;%d;%d;%d" % (colour.r, colour.g, colour.b)
    return b""


def _links(rows: Rows, y: int, cols: int) -> Iterator[tuple[int, int, bytes]]:
    """Column, width and address of each link."""
    uri, length = ffi.new("uint8_t[]", _LONGEST_URI), ffi.new("size_t*")

    def at(x: int) -> Any:
        length[0] = 0
        failed = lib.ghostty_grid_ref_hyperlink_uri(ffi.addressof(rows.at(x, y)), uri, _LONGEST_URI, length)
        return b"" if failed else bytes(ffi.buffer(uri, length[0]))

    for address, columns in groupby(range(cols), at):
        xs = list(columns)
        if address:
            yield xs[0], len(xs), address
