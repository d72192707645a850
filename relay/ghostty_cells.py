"""The cells of a Ghostty terminal's screen, as libghostty packs them: 64 bits each, 0 for a blank that nothing was written to."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check


class Cells:
    """Reads ``terminal``."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal: Final = terminal._t[0]  # noqa: SLF001

    def read(self, top: int, height: int) -> Iterator[tuple[memoryview, bool]]:
        """Of each of these rows the cells, and whether there may be links in it."""
        state, rows = ffi.new("GhosttyRenderState*"), ffi.new("GhosttyRenderStateRowIterator*")
        check(lib.ghostty_render_state_new(ffi.NULL, state), "render_state")
        check(lib.ghostty_render_state_row_iterator_new(ffi.NULL, rows), "row_iterator")
        try:
            check(lib.ghostty_render_state_update(state[0], self._terminal), "render_state")
            check(lib.ghostty_render_state_get(state[0], lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, rows), "rows")
            for y in range(top + height):
                if not lib.ghostty_render_state_row_iterator_next(rows[0]):
                    return
                if y >= top:
                    yield _row(rows[0])
        finally:
            lib.ghostty_render_state_row_iterator_free(rows[0])
            lib.ghostty_render_state_free(state[0])


def _row(row: ffi.CData) -> tuple[memoryview, bool]:
    cells, packed, links = ffi.new("GhosttyCellsView*"), ffi.new("GhosttyRow*"), ffi.new("bool*")
    check(lib.ghostty_render_state_row_get(row, lib.GHOSTTY_RENDER_STATE_ROW_DATA_CELLS_RAW, cells), "cells")
    check(lib.ghostty_render_state_row_get(row, lib.GHOSTTY_RENDER_STATE_ROW_DATA_RAW, packed), "row")
    check(lib.ghostty_row_get(packed[0], lib.GHOSTTY_ROW_DATA_HYPERLINK, links), "hyperlink")
    return memoryview(bytes(ffi.buffer(cells.ptr, cells.len * 8))).cast("Q"), bool(links[0])


def coloured(cells: memoryview) -> bytes:
    """Cells without text erased (ECH) in their background colours, as programs do it; empty where none has one: what a wide
    character left free that did not fit is no blank, but looks like one.
    """
    runs = [(background(cell), len(list(run))) for cell, run in groupby(cells)]
    if not any(colour for colour, _ in runs):
        return b""
    return b"".join(b"\x1b[0%bm\x1b[%dX\x1b[%dC" % (colour, width, width) for colour, width in runs) + b"\x1b[0m"


def background(cell: int) -> bytes:
    """The colour of a cell without text, as parameters of SGR; empty for the default."""
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
