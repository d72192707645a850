"""What the session answers to queries that the emulator has no answer for, or not the right one: a written table (DESIGN §6).

It speaks for terminals that nobody knows: what differs between viewers is said as most terminals would. After xterm's ctlseqs.
"""

import re
from typing import Final

#: Height and width of a cell in pixels, for programs that draw images; nobody knows the viewers'.
CELL: Final = (16, 8)
#: Default colours, as red, green, blue: of a dark terminal.
FOREGROUND: Final = (0xE5, 0xE5, 0xE5)
BACKGROUND: Final = (0, 0, 0)

#: The title is not told: whoever can write output could have it typed.
_FIXED: Final = {
    b"\x1b[11t": b"\x1b[1t",  # the window is not an icon
    b"\x1b[13t": b"\x1b[3;0;0t",
    b"\x1b[20t": b"\x1b]L\x1b\\",
    b"\x1b[21t": b"\x1b]l\x1b\\",
    b"\x1b[?15n": b"\x1b[?13n",  # no printer
    b"\x1b[?26n": b"\x1b[?27;1;0;0n",  # a keyboard, North American, ready
    b"\x1b[?55n": b"\x1b[?50n",  # no locator
    b"\x1b[?56n": b"\x1b[?57;0n",
    b"\x1b[?996n": b"\x1b[?997;1n",  # dark: https://contour-terminal.org/vt-extensions/color-palette-update-notifications/
}
#: Terminfo and termcap names that programs ask for by XTGETTCAP.
_CAPABILITIES: Final = {
    b"TN": b"xterm-256color",
    b"name": b"xterm-256color",
    b"Co": b"256",
    b"colors": b"256",
    b"RGB": b"8/8/8",
    b"Ms": b"\x1b]52;%p1%s;%p2%s\x07",
}
_XTVERSION: Final = re.compile(rb"\x1b\[>0*q")
_XTGETTCAP: Final = re.compile(rb"\x1bP\d*\+q((?:[0-9A-Fa-f]{2})+(?:;(?:[0-9A-Fa-f]{2})+)*)(?:\x1b\\)?")
_SIZE: Final = re.compile(rb"\x1b\[(1[4-689])(?:;\d*)*t")


def answer(query: bytes, rows: int, cols: int) -> bytes | None:
    """The answer to a query of a session of this size in cells; None when it is the emulator's to answer."""
    if query in _FIXED:
        return _FIXED[query]
    if _XTVERSION.fullmatch(query):
        return b"\x1bP>|Weavers\x1b\\"
    if found := _XTGETTCAP.fullmatch(query):
        return b"".join(_capability(name) for name in found[1].split(b";"))
    if found := _SIZE.fullmatch(query):
        return _size(found[1], rows, cols)
    return None


def _capability(name: bytes) -> bytes:
    """One answer a name: some programs ask for many, of which xterm would answer those before the first it does not know."""
    value = _CAPABILITIES.get(bytes.fromhex(name.decode()))
    return b"\x1bP0+r%s\x1b\\" % name if value is None else b"\x1bP1+r%s=%s\x1b\\" % (name, value.hex().encode())


def _size(what: bytes, rows: int, cols: int) -> bytes:
    """XTWINOPS: of the text area and the screen in pixels and cells, of a cell in pixels."""
    height, width = CELL
    return {
        b"14": b"\x1b[4;%d;%dt" % (rows * height, cols * width),
        b"15": b"\x1b[5;%d;%dt" % (rows * height, cols * width),
        b"16": b"\x1b[6;%d;%dt" % (height, width),
        b"18": b"\x1b[8;%d;%dt" % (rows, cols),
        b"19": b"\x1b[9;%d;%dt" % (rows, cols),
    }[what]
