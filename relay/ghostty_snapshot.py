"""What a Ghostty terminal shows and remembers, as VT sequences for another terminal (xterm's ctlseqs, kitty's keyboard protocol).

libghostty's formatter writes text, scrollback and most modes. What it leaves out is read off a copy, which can be made to go
back to the primary screen, to restore its saved cursor, to pop its keyboard flags. Not made up for: images, protected cells
(DECSCA), the stack of titles, modes saved by XTSAVE, and which rows are one line that wrapped.
"""

import re
import weakref
from typing import Final

from pyghostty import Terminal, ffi, lib
from pyghostty._ffi import check
from pyghostty.core import init_sized

from relay.ghostty_cells import Cells, background
from relay.ghostty_rows import SHOWS_ON_BLANK, Rows

_SCREEN: Final = ("cursor", "style", "protection", "charsets")
_MODE: Final = re.compile(rb"\x1b\[(\??\d+)[hl]")
#: Modes that are set otherwise, at their time; and reports of sizes (2048), which viewers' terminals are not to send.
_NOT_MODES: Final = frozenset((b"?6", b"?47", b"?1047", b"?1048", b"?1049", b"?2048"))
_TOP: Final = re.compile(rb"\x1b\[(\d+);\d+r")
_LEFT: Final = re.compile(rb"\x1b\[(\d+);\d+s")
_PLACE: Final = re.compile(rb"\x1b\[(\d+);(\d+)H")
_ORIGIN_MODE: Final = 6
_ALTERNATE: Final = (1049, 1047, 47)
#: How deep the stack of keyboard flags can be (Ghostty's).
_KEYBOARD_STACK: Final = 8
_COLOURS: Final = {10: "FOREGROUND", 11: "BACKGROUND", 12: "CURSOR"}
#: To write text in: no attributes, ASCII.
_PLAIN: Final = b"\x1b[0m\x1b(B\x1b)B\x0f"


def snapshot(terminal: Terminal) -> bytes:
    """See :meth:`relay.core.screen.Screen.snapshot`, without the sequence in progress."""
    with copied(terminal) as copy:
        now = _screen(terminal, copy) + _settings(terminal, copy)
    if not shows_alternate(terminal):
        return now
    with copied(terminal) as primary:
        primary.feed(b"\x1b[?47l")  # switches without clearing anything
        below = _screen(primary, primary)
    # 1049 saves the cursor again, and the program's way out restores it
    mode = next(mode for mode in _ALTERNATE if terminal.mode(mode) or mode == _ALTERNATE[-1])
    return below + b"\x1b8\x1b[?%dh\x1b[?6l\x1b[0m\x1b[H\x1b[2J" % mode + now


def shows_alternate(terminal: Terminal) -> bool:
    """Whether a program has the alternate screen."""
    return bool(terminal.get("active_screen", "GhosttyTerminalScreen") == lib.GHOSTTY_TERMINAL_SCREEN_ALTERNATE)


def copied(terminal: Terminal) -> Terminal:
    """Another terminal in the same state, to be closed: it would wait for the garbage collector, which does not see its size.

    Raises GhosttyError when the sequence in progress was too long to be kept.
    """
    encoded, length = ffi.new("uint8_t**"), ffi.new("size_t*")
    check(lib.ghostty_snapshot_encode_alloc(_handle(terminal), ffi.NULL, encoded, length), "snapshot_encode")
    decoder, handle = ffi.new("GhosttySnapshotDecoder*"), ffi.new("GhosttyTerminal*")
    try:
        check(lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, decoder, encoded[0], length[0]), "snapshot_decoder")
        check(lib.ghostty_snapshot_decoder_decode(decoder[0], handle), "snapshot_decode")
    finally:
        lib.ghostty_snapshot_decoder_free(decoder[0])
        lib.ghostty_free(ffi.NULL, encoded[0], length[0])
    copy = Terminal(1, 1)
    copy.close()
    copy._t = handle  # noqa: SLF001
    copy._free = weakref.finalize(copy, lib.ghostty_terminal_free, handle[0])  # noqa: SLF001
    return copy


def _screen(terminal: Terminal, copy: Terminal) -> bytes:
    """Scrollback and screen, its saved cursor and keyboard flags, for a terminal whose own is cleared and has no modes.

    ``copy`` is spoilt, after everything else was read: it may be the terminal itself.
    """
    lines = _PLAIN + b"\r\n".join(_rows(terminal))
    return lines + _last_character(terminal) + _saved_cursor(copy) + _keyboard(copy)


def _rows(terminal: Terminal) -> list[bytes]:
    """Each by itself: joining those that wrapped goes wrong where one was shortened since."""
    cols, height = terminal.size
    text, total = formatted(terminal), terminal.get("total_rows", "size_t")
    above = total - height
    history = [*text.split(b"\r\n"), *[b""] * above][:above]
    if above and SHOWS_ON_BLANK.search(text):
        history = _history(terminal, above, total)
    return history + Rows(terminal).read(0, 0, height, cols, cols)


def _history(terminal: Terminal, above: int, total: int) -> list[bytes]:
    """The scrollback, off a copy so tall that all is on its screen, and can be read cell by cell."""
    cols, height = terminal.size
    with copied(terminal) as tall:
        pull = lib.GHOSTTY_TERMINAL_OPT_RESIZE_PULL_SCROLLBACK
        check(lib.ghostty_terminal_set(_handle(tall), pull, ffi.new("bool*", 1)), "pull")
        tall.feed(b"\x1b[?6l\x1b[%d;1H" % height)
        tall.resize(
            cols, total
        )  # it empties the row of a prompt, for the shell to draw it: only what is above is right
        return Rows(tall).read(0, 0, above, cols, cols)


def _last_character(terminal: Terminal) -> bytes:
    """Written again, for programs that go on with "the same once more" (REP)."""
    col, row = terminal.cursor
    return _character(terminal, row, col) if col else b""


def _character(terminal: Terminal, row: int, end: int) -> bytes:
    """The character that ends before this column, in its place; empty for a blank."""
    rows = Rows(terminal)
    width = 2 if end > 1 and rows.part_at(end - 1, row) == lib.GHOSTTY_CELL_WIDE_SPACER_TAIL else 1
    text = rows.read(row, end - width, 1, width, terminal.size[0])[0]
    return b"\x1b[%d;%dH" % (row + 1, end - width + 1) + text if text else b""


def _saved_cursor(copy: Terminal) -> bytes:
    """As DECSC saves it. Places are absolute: there are no margins yet."""
    copy.feed(b"\x1b8")
    state = _cursor(copy, screen=_SCREEN)
    if copy.mode(_ORIGIN_MODE):
        return b"\x1b[?6h" + state + b"\x1b7\x1b[?6l" + _PLAIN
    return state + b"\x1b7" + _PLAIN


def _keyboard(copy: Terminal) -> bytes:
    """The stack of the screen's kitty keyboard flags."""
    flags = []
    for _ in range(_KEYBOARD_STACK):
        flags.append(copy.get("kitty_keyboard_flags", "uint8_t"))
        copy.feed(b"\x1b[<u")
    while flags and not flags[-1]:
        flags.pop()
    return b"\x1b[<%du" % _KEYBOARD_STACK + b"".join(b"\x1b[>%du" % flag for flag in reversed(flags))


def _settings(terminal: Terminal, copy: Terminal) -> bytes:
    """What both screens share, and the cursor."""
    state = _before(terminal, "modes", "tabstops")
    modes = b"".join(found[0] for found in _MODE.finditer(state) if found[1] not in _NOT_MODES)
    tabs = _MODE.sub(b"", state)
    return tabs + modes + _margins_and_cursor(terminal) + _shape(copy) + _colours(terminal) + _texts(terminal)


def _margins_and_cursor(terminal: Terminal) -> bytes:
    """In origin mode, rows and columns count from the margins."""
    state = _cursor(terminal, "scrolling_region", "keyboard", screen=(*_SCREEN, "hyperlink"))
    if not terminal.mode(_ORIGIN_MODE):
        return state
    top, left = (int(found[1]) if (found := margin.search(state)) else 1 for margin in (_TOP, _LEFT))
    relative: bytes = _PLACE.sub(
        lambda place: b"\x1b[?6h\x1b[%d;%dH" % (max(1, int(place[1]) - top + 1), max(1, int(place[2]) - left + 1)),
        state,
        count=1,
    )
    return relative


def _cursor(terminal: Terminal, *shared: str, screen: tuple[str, ...]) -> bytes:
    """The cursor and these extras. One that is to wrap at the next character does so only after a character."""
    state = _after(terminal, *shared, screen=screen)
    if terminal.get("cursor_pending_wrap", "bool"):
        wrapping: bytes = _PLACE.sub(lambda place: _wrapping(terminal, place[0]), state, count=1)
        return wrapping
    return state


def _wrapping(terminal: Terminal, place: bytes) -> bytes:
    """What makes a cursor in this place wrap at the next character, where the formatter does not: on a blank, at a margin."""
    col, row = terminal.cursor
    ((cells, _),) = Cells(terminal).read(row, 1)
    colour = background(cells[col])
    if colour or not cells[col]:
        return place + b"\x1b[0%bm " % colour
    return place if col + 1 == len(cells) else _character(terminal, row, col + 1)


def _shape(copy: Terminal) -> bytes:
    """DECSCUSR, as DECRQSS tells it. The emulator's default is the viewer's own."""
    replies: list[bytes] = []
    copy.on_reply(replies.append)
    copy.feed(b"\x1bP$q q\x1b\\")
    found = re.search(rb"r([3-6]|1) q", b"".join(replies))
    return b"\x1b[%b q" % found[1] if found else b""


def _colours(terminal: Terminal) -> bytes:
    """Those that were changed (OSC 4, 10, 11, 12)."""
    now, default = (_value(terminal, f"COLOR_PALETTE{which}", "GhosttyColorRgb[256]") for which in ("", "_DEFAULT"))
    palette = [
        (number, now[3 * number :][:3]) for number in range(256) if now[3 * number :][:3] != default[3 * number :][:3]
    ]
    changed = [b"\x1b]4;%d;" % number + _rgb(colour) for number, colour in palette]
    for number, name in _COLOURS.items():
        colour = _value(terminal, f"COLOR_{name}", "GhosttyColorRgb*")
        if colour and colour != _value(terminal, f"COLOR_{name}_DEFAULT", "GhosttyColorRgb*"):
            changed.append(b"\x1b]%d;" % number + _rgb(colour))
    return b"".join(changed)


def _rgb(colour: bytes) -> bytes:
    return b"rgb:%02x/%02x/%02x\x1b\\" % (colour[0], colour[1], colour[2])


def _texts(terminal: Terminal) -> bytes:
    """Title and working directory."""
    said = b""
    for number, name in ((2, "title"), (7, "pwd")):
        text = terminal.get(name, "GhosttyString")
        if text.len:
            said += b"\x1b]%d;%b\x1b\\" % (number, bytes(ffi.buffer(text.ptr, text.len)))
    return said


def _value(terminal: Terminal, name: str, kind: str) -> bytes:
    """Raw bytes of one value; empty when there is none."""
    out = ffi.new(kind)
    result = lib.ghostty_terminal_get(_handle(terminal), getattr(lib, f"GHOSTTY_TERMINAL_DATA_{name}"), out)
    return b"" if result else bytes(ffi.buffer(out))


def _before(terminal: Terminal, *shared: str) -> bytes:
    """These extras alone: what the formatter writes before text."""
    cell = _cell(terminal)
    return formatted(terminal, shared, selection=cell)[: -len(formatted(terminal, selection=cell)) or None]


def _after(terminal: Terminal, *shared: str, screen: tuple[str, ...]) -> bytes:
    """These extras alone: what the formatter writes after text."""
    cell = _cell(terminal)
    return formatted(terminal, shared, screen, selection=cell)[len(formatted(terminal, selection=cell)) :]


def _cell(terminal: Terminal) -> ffi.CData:
    """Any one cell, not to format everything."""
    cell = init_sized("GhosttySelection")
    cell.start = cell.end = terminal.ref(0, 0)[0]
    return cell


def formatted(
    terminal: Terminal,
    shared: tuple[str, ...] = (),
    screen: tuple[str, ...] = (),
    *,
    selection: ffi.CData = ffi.NULL,
) -> bytes:
    """Text as VT sequences, everything but for a selection, and the named extras before and after it."""
    options = init_sized("GhosttyFormatterTerminalOptions")
    options.emit, options.selection = lib.GHOSTTY_FORMATTER_FORMAT_VT, selection
    for extras, names in ((options.extra, shared), (options.extra.screen, screen)):
        for name in names:
            setattr(extras, name, True)
    formatter, text, length = ffi.new("GhosttyFormatter*"), ffi.new("uint8_t**"), ffi.new("size_t*")
    check(lib.ghostty_formatter_terminal_new(ffi.NULL, formatter, _handle(terminal), options[0]), "formatter")
    try:
        check(lib.ghostty_formatter_format_alloc(formatter[0], ffi.NULL, text, length), "format")
        result = bytes(ffi.buffer(text[0], length[0]))
        lib.ghostty_free(ffi.NULL, text[0], length[0])
        return result
    finally:
        lib.ghostty_formatter_free(formatter[0])


def _handle(terminal: Terminal) -> ffi.CData:
    return terminal._t[0]  # noqa: SLF001
