"""The screen of a session: Ghostty's terminal core (libghostty-vt), with what its snapshots lack made up for.

Its formatter leaves out trailing blank rows, the primary screen under the alternate one, and puts origin mode where it
spoils the cursor. Not made up for: the cursor saved by DECSC, colours changed by OSC 4/10/11, window title.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check
from pyghostty.core import init_sized

from relay.core.answers import BACKGROUND, CELL, FOREGROUND, answer
from relay.core.screen import UNSIZED
from relay.ghostty_rows import Rows

#: Bounds of one session's memory: lines, and bytes of all pages together.
_SCROLLBACK_LINES: Final = 2_500  # the oldest go by whole pages: about 2,000 are always there
_SCROLLBACK_BYTES: Final = 4 * 1024 * 1024
#: How much of an unfinished sequence is kept for viewers that join in the middle of it.
_CONTINUATION_BYTES: Final = 64 * 1024

_BEFORE_CONTENT: Final = ("modes", "tabstops")
_AFTER_CONTENT: Final = ("scrolling_region", "pwd", "keyboard")
_CURSOR_STATE: Final = ("cursor", "style", "hyperlink", "protection", "kitty_keyboard", "charsets")

_REGION_AND_CURSOR: Final = re.compile(
    rb"(?P<region>\x1b\[(?P<top>\d+);\d+r)?.*?(?P<cursor>\x1b\[(?P<row>\d+);(?P<col>\d+)H)", re.DOTALL
)
#: Where the cursor is; libghostty knows the one without page only.
_CPR: Final = b"\x1b[6n"
_DECXCPR: Final = b"\x1b[?6n"
_ORIGIN_MODE: Final = 6
_ALTERNATE_SCREEN: Final = (47, 1047, 1049)


class GhosttyScreen:
    """Implements :class:`relay.core.screen.Screen`. ``reply`` gets what the terminal answers to queries of programs."""

    def __init__(self, reply: Callable[[bytes], None]) -> None:
        rows, cols = UNSIZED
        self._terminal = Terminal(cols, rows, scrollback=_SCROLLBACK_LINES, fg=FOREGROUND, bg=BACKGROUND)
        self._rows = Rows(self._terminal)
        self._terminal.on_reply(reply)
        self._reply = reply
        self._set("SCROLLBACK_MAX_BYTES", _SCROLLBACK_BYTES)
        self._set("CONTINUATION_MAX_BYTES", _CONTINUATION_BYTES)
        self._fed = False
        self.resize(rows, cols)  # tells it the size of a cell

    def feed(self, data: bytes) -> None:
        """Takes output of the container, cut anywhere."""
        self._fed = True
        self._terminal.feed(data)

    def ask(self, query: bytes) -> None:
        """See :meth:`relay.core.screen.Screen.ask`."""
        cols, rows = self._terminal.size
        if (known := answer(query, rows, cols)) is not None:
            self._reply(known)
        elif query == _DECXCPR:
            self._terminal.on_reply(lambda data: self._reply(data.replace(b"[", b"[?")))
            self._terminal.feed(_CPR)
            self._terminal.on_reply(self._reply)
        else:
            self._terminal.feed(query)

    def resize(self, rows: int, cols: int) -> None:
        """The session has a new size, in character cells."""
        self._terminal.resize(cols, rows, CELL[1], CELL[0])

    def snapshot(self) -> bytes:
        """See :meth:`relay.core.screen.Screen.snapshot`."""
        if not self._fed:
            return b""
        rest = self._continuation()
        return self._primary_below(rest) + self._visible() + rest

    def rows(self, top: int, left: int, height: int, width: int) -> list[bytes]:
        """See :meth:`relay.core.screen.Screen.rows`."""
        return self._rows.read(top, left, height, width, self._terminal.size[0])

    def cursor(self) -> tuple[int, int]:
        """Row and column, counted from 0."""
        col, row = self._terminal.cursor
        return row, col

    def modes(self, among: Iterable[int]) -> frozenset[int]:
        """See :meth:`relay.core.screen.Screen.modes`."""
        shows_alternate = any(self._terminal.mode(mode) for mode in _ALTERNATE_SCREEN)
        return frozenset(mode for mode in among if (shows_alternate if mode == 1049 else self._terminal.mode(mode)))

    def _visible(self) -> bytes:
        content = self._format()
        before = self._format(_BEFORE_CONTENT)[: -len(content) or None]
        after = self._format(_AFTER_CONTENT, _CURSOR_STATE)[len(content) :]
        if self._terminal.mode(1049) or self._terminal.mode(1047):
            before = before.replace(b"\x1b[?47h", b"")  # left behind by _primary_below
        before = before.replace(b"\x1b[?6h", b"")
        return before + b"\x1b[H" + content + self._blank_rows(content) + self._place_cursor(after)

    def _blank_rows(self, content: bytes) -> bytes:
        """The rows that the formatter left out: without them all that scrolled would be shifted."""
        rows: int = self._terminal.get("total_rows", "size_t")
        return b"\r\n" * (rows - 1 - content.count(b"\r\n"))

    def _place_cursor(self, after: bytes) -> bytes:
        """``after`` with a cursor position that also holds in origin mode, where rows count from the top margin."""
        found = _REGION_AND_CURSOR.match(after)
        if not found:
            return after
        if self._terminal.mode(_ORIGIN_MODE):
            row = max(1, int(found["row"]) - int(found["top"] or 1) + 1)
            cursor = b"\x1b[?6h\x1b[%d;%sH" % (row, found["col"])
        else:
            cursor = found["cursor"]
        return after[: found.start("cursor")] + cursor + after[found.end("cursor") :]

    def _primary_below(self, rest: bytes) -> bytes:
        """While the alternate screen is shown: the primary one, for when the program leaves.

        Mode 47 switches without clearing anything. Its escape ends a sequence in progress, which is then begun again; a
        character in progress would be spoilt, so then there is no primary screen. Where the cursor was is not known; it
        nearly always was below the text.
        """
        shows_alternate = any(self._terminal.mode(mode) for mode in _ALTERNATE_SCREEN)
        if not shows_alternate or (rest and not rest.startswith(b"\x1b")):
            return b""
        self._terminal.feed(b"\x1b[?47l")
        content = self._format()
        blank = self._blank_rows(content)
        self._terminal.feed(b"\x1b[?47h" + rest)
        below = max(0, blank.count(b"\n") - (1 if content else 0))
        return b"\x1b[H" + content + blank + b"\r" + (b"\x1b[%dA" % below if below else b"") + b"\x1b[0m"

    def _continuation(self) -> bytes:
        """The beginning of the sequence or character that output ended in."""
        if self._terminal.get("vt_ground", "bool"):
            return b""
        buffer = ffi.new("uint8_t[]", _CONTINUATION_BYTES)
        length = ffi.new("size_t*")
        result = lib.ghostty_terminal_continuation_buf(self._terminal._t[0], buffer, _CONTINUATION_BYTES, length)  # noqa: SLF001
        if result:
            return b"\x1b_"  # too long to be kept: the viewer's terminal shall ignore the rest of it
        return bytes(ffi.buffer(buffer, length[0]))

    def _format(self, terminal: tuple[str, ...] = (), screen: tuple[str, ...] = ()) -> bytes:
        """Screen and scrollback as VT sequences, with the named extras before and after it."""
        options = init_sized("GhosttyFormatterTerminalOptions")
        options.emit = lib.GHOSTTY_FORMATTER_FORMAT_VT
        for name in terminal:
            setattr(options.extra, name, True)
        for name in screen:
            setattr(options.extra.screen, name, True)
        formatter = ffi.new("GhosttyFormatter*")
        check(lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, self._terminal._t[0], options[0]), "formatter")  # noqa: SLF001
        try:
            text, length = ffi.new("uint8_t**"), ffi.new("size_t*")
            check(lib.ghostty_formatter_format_alloc(formatter[0], ffi.NULL, text, length), "format")
            formatted = bytes(ffi.buffer(text[0], length[0]))
            lib.ghostty_free(ffi.NULL, text[0], length[0])
            return formatted
        finally:
            lib.ghostty_formatter_free(formatter[0])

    def _set(self, option: str, value: int) -> None:
        key = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(lib.ghostty_terminal_set(self._terminal._t[0], key, ffi.new("size_t*", value)), option)  # noqa: SLF001
