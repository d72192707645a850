"""All that can be seen of a screen, and all that shows only later: what two screens must have in common to be the same."""

import re
from typing import Any

from pyghostty import Terminal, ffi, lib

from relay.core.screen import CLEAR
from relay.ghostty import GhosttyScreen
from relay.ghostty_cells import Cells, background
from relay.ghostty_snapshot import _after, _before, copied, formatted, shows_alternate

MODES = (1, 5, 6, 7, 9, 12, 25, 45, 66, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026)
_SAVED = ("cursor", "style", "charsets")
_CURSOR = (*_SAVED, "hyperlink")
#: Said only by terminals to which it was said: it is the default.
_ASCII = re.compile(rb"\x1b[()]B")
#: What is written for a cursor that is to wrap: it is among the cells.
_WRAPPING = re.compile(rb"(?<=\dH)(?:\x1b\[[\d;:]*m)*[^\x1b]+(?:\x1b\[0m)?(?=\x1b\[0m)")
_NO_STYLE = (("bg", None), ("underline", 0), ("inverse", False), ("strikethrough", False), ("overline", False))
#: Several say that the alternate screen is shown, and none is reliable.
_ALTERNATE = re.compile(rb"\x1b\[\?(?:47|104[789])h")


def screen() -> GhosttyScreen:
    """A viewer's terminal, too: it shows what it is sent."""
    return GhosttyScreen(lambda _: None)


def joined(watching: GhosttyScreen) -> GhosttyScreen:
    """The terminal of a viewer that comes now."""
    late = screen()
    late.feed(CLEAR + watching.snapshot())
    return late


def look(screen: GhosttyScreen, *, scrollback: bool = True) -> dict[str, Any]:
    """What is the same for equal screens, by what it is."""
    terminal = screen._terminal
    seen = {
        "shown": _look(terminal, scrollback),
        "modes": [
            shows_alternate(terminal),
            *(mode for mode in MODES if terminal.mode(mode)),
            terminal.mode(4, ansi=True),
        ],
        "shared": _ALTERNATE.sub(b"", _before(terminal, "modes", "tabstops", "palette")),
        "title": _text(terminal, "title"),
        "pwd": _text(terminal, "pwd"),
    }
    if shows_alternate(terminal):
        with copied(terminal) as left:
            left.feed(b"\x1b[?1049l")
            seen["after leaving the alternate screen"] = _look(left, scrollback)
    return seen


def _look(terminal: Terminal, scrollback: bool) -> dict[str, Any]:
    with copied(terminal) as spoilt:
        keyboard = []
        for _ in range(8):
            keyboard.append(spoilt.get("kitty_keyboard_flags", "uint8_t"))
            spoilt.feed(b"\x1b[<u")
        spoilt.feed(b"\x1b8")
        place = (spoilt.mode(6), spoilt.cursor, spoilt.get("cursor_pending_wrap", "bool"))
        saved = (*place, _state(_after(spoilt, screen=_SAVED)))
    height = terminal.get("total_rows", "size_t") - terminal.size[1]
    above = [*formatted(terminal).split(b"\r\n"), *[b""] * height][:height]  # blank rows at the end may be left out
    return {
        "scrollback": [row.rstrip(b" ") for row in above] if scrollback else [],
        "cells": _cells(terminal),
        "cursor": (terminal.cursor, terminal.get("cursor_pending_wrap", "bool")),
        "state": _state(_after(terminal, "scrolling_region", "keyboard", screen=_CURSOR)),
        "saved": saved,
        "keyboard": keyboard,
    }


def _state(sequences: bytes) -> bytes:
    return _WRAPPING.sub(b"", _ASCII.sub(b"", sequences))


def _cells(terminal: Terminal) -> list[list[tuple[object, ...]]]:
    """Of every cell on the screen what shows of it, without the formatter that makes snapshots.

    A link in the last column may be lost: it is written again for a cursor that is to wrap.
    """
    known: dict[tuple[object, int], tuple[object, ...]] = {}
    looks = []
    for y, (cells, _) in enumerate(Cells(terminal).read(0, terminal.size[1])):
        page = terminal.ref(0, y).node  # styles are numbered in each
        row = []
        for x, cell in enumerate(cells):
            if (page, cell) not in known:
                known[page, cell] = _cell(terminal, x, y, cell)
            row.append(known[page, cell])
        looks.append([*row[:-1], row[-1][:-1]])
    return looks


def _cell(terminal: Terminal, x: int, y: int, cell: int) -> tuple[object, ...]:
    """Character, width, what shows of its style, whether it is a link."""
    character, wide, link = ffi.new("uint32_t*"), ffi.new("GhosttyCellWide*"), ffi.new("bool*")
    lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_CODEPOINT, character)
    lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_WIDE, wide)
    lib.ghostty_cell_get(cell, lib.GHOSTTY_CELL_DATA_HAS_HYPERLINK, link)
    style = terminal.style(x, y)
    if character[0] in (0, ord(" ")):  # nothing else shows on a blank, written to or not
        style = {name: style[name] for name in ("bg", "underline", "inverse", "strikethrough", "overline")}
        style["bg"] = style["bg"] or _colour(background(cell))
    if (
        wide[0] == lib.GHOSTTY_CELL_WIDE_SPACER_HEAD
    ):  # left free for a character that went below: terminals differ in it
        return ord(" "), 0, _NO_STYLE, False
    return character[0] or ord(" "), wide[0], tuple(style.items()), link[0]


def _colour(sgr: bytes) -> object:
    """As pyghostty says it."""
    numbers = [int(number) for number in sgr.split(b";")[2:]]
    return None if not numbers else ("palette", numbers[1]) if numbers[0] == 5 else ("rgb", tuple(numbers[1:]))


def _text(terminal: Terminal, name: str) -> bytes:
    text = terminal.get(name, "GhosttyString")
    return bytes(ffi.buffer(text.ptr, text.len)) if text.len else b""


def is_beyond_telling(screen: GhosttyScreen) -> bool:
    """What no sequence brings about, or not in every terminal.

    A cursor outside the margins in origin mode (restored there); a coloured cell where a wide character did not fit any more.
    """
    terminal, wide = screen._terminal, ffi.new("GhosttyCellWide*")
    margins = re.search(rb"\x1b\[(\d+);(\d+)r", _after(terminal, "scrolling_region", screen=()))
    if margins and terminal.mode(6) and not int(margins[1]) <= terminal.cursor[1] + 1 <= int(margins[2]):
        return True
    for y, (cells, _) in enumerate(Cells(terminal).read(0, terminal.size[1])):
        lib.ghostty_cell_get(cells[-1], lib.GHOSTTY_CELL_DATA_WIDE, wide)
        if wide[0] == lib.GHOSTTY_CELL_WIDE_SPACER_HEAD and terminal.style(len(cells) - 1, y)["bg"]:
            return True
    return False
