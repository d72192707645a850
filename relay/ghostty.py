"""The screen of a session: Ghostty's terminal core (libghostty-vt)."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check

from relay.core.answers import BACKGROUND, CELL, FOREGROUND, answer
from relay.core.screen import UNSIZED
from relay.ghostty_rows import Rows
from relay.ghostty_snapshot import shows_alternate, snapshot

#: Bounds of one session's memory: lines, and bytes of all pages together.
_SCROLLBACK_LINES: Final = 2_500  # the oldest go by whole pages: about 2,000 are always there
_SCROLLBACK_BYTES: Final = 4 * 1024 * 1024
#: The scrollback is compressed when that much came since, and output pauses: it then comes in small pieces.
_LOOSE_BYTES: Final = 256 * 1024
_PAUSE_BYTES: Final = 512
#: How much of an unfinished sequence is kept for viewers that join in the middle of it.
_CONTINUATION_BYTES: Final = 1024 * 1024

#: The beginning of a character at the end of data (RFC 3629).
_HALF: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
#: Where the cursor is; libghostty knows the one without page only.
_CPR: Final = b"\x1b[6n"
_DECXCPR: Final = b"\x1b[?6n"
_NO_PNG: Final = b"EINVAL: unsupported format"
#: Gives a sequence up (CAN), and begins one that terminals ignore to its end.
_IGNORE: Final = b"\x18\x1b_"


class GhosttyScreen:
    """Implements :class:`relay.core.screen.Screen`. ``reply`` gets what the terminal answers to queries of programs."""

    def __init__(self, reply: Callable[[bytes], None]) -> None:
        rows, cols = UNSIZED
        self._terminal = Terminal(cols, rows, scrollback=_SCROLLBACK_LINES, fg=FOREGROUND, bg=BACKGROUND)
        self._rows = Rows(self._terminal)
        self._reply = reply
        self._terminal.on_reply(self._answer)
        self._set("SCROLLBACK_MAX_BYTES", _SCROLLBACK_BYTES)
        self._set("CONTINUATION_MAX_BYTES", _CONTINUATION_BYTES)
        self._fed = False
        self._loose = 0  # bytes that may lie about uncompressed
        self._half = b""  # a character in progress is not fed: nothing could be done to a copy without spoiling it
        self.resize(rows, cols)  # tells it the size of a cell

    def feed(self, data: bytes) -> None:
        """Takes output of the container, cut anywhere."""
        self._fed = True
        data = self._half + data
        self._half = b""
        if data[-1:] >= b"\x80" and (half := _HALF.search(data, max(0, len(data) - 3))):
            data, self._half = data[: half.start()], half[0]
        self._terminal.feed(data)
        self._loose += len(data)
        if self._loose > _LOOSE_BYTES and len(data) < _PAUSE_BYTES:
            self._compress()

    def ask(self, query: bytes) -> None:
        """See :meth:`relay.core.screen.Screen.ask`."""
        self._terminal.feed(self._half)
        self._half = b""
        cols, rows = self._terminal.size
        if (known := answer(query, rows, cols)) is not None:
            self._reply(known)
        elif query == _DECXCPR:
            self._terminal.on_reply(lambda data: self._reply(data.replace(b"[", b"[?")))
            self._terminal.feed(_CPR)
            self._terminal.on_reply(self._answer)
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
        self._loose += _LOOSE_BYTES  # reading expands it
        return snapshot(self._terminal) + rest + self._half

    def rows(self, top: int, left: int, height: int, width: int) -> list[bytes]:
        """See :meth:`relay.core.screen.Screen.rows`."""
        return self._rows.read(top, left, height, width, self._terminal.size[0])

    def cursor(self) -> tuple[int, int]:
        """Row and column, counted from 0."""
        col, row = self._terminal.cursor
        return row, col

    def modes(self, among: Iterable[int]) -> frozenset[int]:
        """See :meth:`relay.core.screen.Screen.modes`."""
        alternate = shows_alternate(self._terminal)
        return frozenset(mode for mode in among if (alternate if mode == 1049 else self._terminal.mode(mode)))

    def _answer(self, data: bytes) -> None:
        """What the emulator says to programs. It has no decoder for PNG, but viewers' terminals have."""
        self._reply(data.replace(_NO_PNG, b"OK") if data.startswith(b"\x1b_G") else data)

    def _compress(self) -> None:
        """The scrollback, to a fifth: 2,000 lines are then 0.25 MiB. It takes a millisecond."""
        self._loose = 0
        full, result = lib.GHOSTTY_TERMINAL_COMPRESSION_MODE_FULL, ffi.new("GhosttyTerminalCompressionResult*")
        check(lib.ghostty_terminal_compress(self._terminal._t[0], full, result), "compress")  # noqa: SLF001

    def _continuation(self) -> bytes:
        """The beginning of the sequence that output ended in. One that is too long is given up: the rest of it is ignored everywhere."""
        if self._terminal.get("vt_ground", "bool"):
            return b""
        buffer, length = ffi.new("uint8_t[]", _CONTINUATION_BYTES), ffi.new("size_t*")
        handle = self._terminal._t[0]  # noqa: SLF001
        if lib.ghostty_terminal_continuation_buf(handle, buffer, _CONTINUATION_BYTES, length):
            self._terminal.feed(_IGNORE)
            return self._continuation()
        return bytes(ffi.buffer(buffer, length[0]))

    def _set(self, option: str, value: int) -> None:
        key = getattr(lib, f"GHOSTTY_TERMINAL_OPT_{option}")
        check(lib.ghostty_terminal_set(self._terminal._t[0], key, ffi.new("size_t*", value)), option)  # noqa: SLF001
