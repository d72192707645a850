"""What the terminal showed lately, bounded in bytes: replayed into an emulator it gives the screen, scrollback included.

The main screen and the alternate one (DECSET 1049, xterm ctlseqs) are kept apart: what a full-screen program draws never pushes
out what the shell wrote, and is forgotten when the program leaves. Where the beginning had to be forgotten, the terminal's
state at that point goes first. Nothing here parses output as it comes: that waits until a block is full.
"""

import re
from collections import deque

#: Bytes of the main screen's output that are kept: about 2,000 lines and much colour; and of the alternate screen's.
MAIN_LIMIT = 1024 * 1024
ALTERNATE_LIMIT = 512 * 1024
_BLOCK = 64 * 1024
#: A sequence at the end that may not be whole: a block ends before it. Those looked for here are shorter than 64 bytes.
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*|[()])?\Z")
_LONGEST = 64

_SWITCH = re.compile(rb"\x1b\[\?(?:[\d;]*;)?1049(?:;[\d;]*)?([hl])")
#: What is searched for in all output is simple: each group and alternative would be paid for at every escape.
_MODES = re.compile(rb"\x1b\[\?[\d;]+[hl]")  # DECSET, DECRST
_MARGINS_OR_CURSOR = re.compile(rb"\x1b\[[\d;]*(?:r| q)")  # DECSTBM, DECSCUSR
_OTHER = re.compile(rb"\x1b[=>()\]_]")
#: DECKPAM and DECKPNM; G0 and G1; titles; sizes of ours.
_OTHERS = re.compile(
    rb"\x1b(?:(?P<keypad>[=>])|(?P<charset>[()])[0AB]|\](?P<title>[012]);[^\x07\x1b]{0,256}(?:\x07|\x1b\\)"
    rb"|_loom\.dev;(?P<size>size);\d+;\d+\x1b\\)"
)
_RESETS = (b"\x1bc", b"\x1b[!p")  # RIS, DECSTR
_SGR = re.compile(rb"\x1b\[[\d;:]*m")
_SGR_RESET = re.compile(rb"\x1b\[0*(?:;[\d;:]*)?m")
#: More colours and attributes than this at once nobody sets.
_MOST_SGR = 16
#: What the cursor that leaving the alternate screen restores brings back by itself (DECRC).
_MODES_WITH_CURSOR = (b"6", b"1049")
_OTHERS_WITH_CURSOR = (b"(", b")")


def size_sequence(rows: int, cols: int) -> bytes:
    """Tells in a transcript that the terminal had this size from here on."""
    return b"\x1b_loom.dev;size;%d;%d\x1b\\" % (rows, cols)


class State:
    """The terminal's modes after some output, without its text."""

    def __init__(self) -> None:
        self._modes: dict[bytes, bytes] = {}  # by their number: h or l
        self._others: dict[bytes, bytes] = {}  # by what they set
        self._sgr: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Output that is about to be forgotten."""
        reset = max(data.rfind(sequence) for sequence in _RESETS)
        if reset >= 0:
            self._others |= _others(data[:reset])
            self._modes, self._others, self._sgr = {}, _size_of(self._others), []
            data = data[reset:]
        for sequence in reversed(dict.fromkeys(reversed(_MODES.findall(data)))):  # the last of each: they are many
            self._modes.update(dict.fromkeys(sequence[3:-1].split(b";"), sequence[-1:]))
        self._others |= _others(data)
        self._feed_sgr(data)

    def render(self) -> bytes:
        """The sequences that bring a terminal just reset to this state. DECSTBM moves the cursor: it is at the top anyway."""
        return b"".join((*_switches(self._modes), *self._others.values(), *self._sgr))

    def render_beside_cursor(self) -> bytes:
        """Of these, what stays when the alternate screen is left; the cursor does not move."""
        modes = {number: switch for number, switch in self._modes.items() if number not in _MODES_WITH_CURSOR}
        others = {name: sequence for name, sequence in self._others.items() if name not in _OTHERS_WITH_CURSOR}
        region = others.pop(b"r", b"\x1b[r")
        moved = b"" if region == b"\x1b[r" else b"\x1b7" + region + b"\x1b8"
        return b"".join((*_switches(modes), *others.values(), moved))

    def _feed_sgr(self, data: bytes) -> None:
        """Colours and attributes add up from the last reset on: only what follows it is looked at."""
        start = max(data.rfind(b"\x1b[0m"), data.rfind(b"\x1b[m"))
        for found in _SGR.finditer(data, max(0, start)):
            if _SGR_RESET.fullmatch(found[0]):
                self._sgr = []
            self._sgr.append(found[0])
        del self._sgr[:-_MOST_SGR]


class Ring:
    """Blocks of output, the oldest forgotten. ``cut``: some were."""

    def __init__(self, limit: int) -> None:
        self.cut = False
        self.state = State()  # at the beginning of what is kept
        self.blocks: deque[bytes] = deque()
        self._limit = limit
        self._size = 0

    def add(self, block: bytes) -> None:
        """The newest block."""
        self.blocks.append(block)
        self._size += len(block)
        while self._size > self._limit:
            oldest = self.blocks.popleft()
            self._size -= len(oldest)
            self.state.feed(oldest)
            self.cut = True

    def render(self) -> bytes:
        """What is kept, from the beginning of a line where it was cut."""
        data = b"".join(self.blocks)
        if not self.cut:
            return data
        start = data.find(b"\n", 0, _BLOCK) + 1
        self.state.feed(data[:start])
        return self.state.render() + data[start:]


class Transcript:
    """Fed with all that goes to the terminal."""

    def __init__(self, main_limit: int = MAIN_LIMIT, alternate_limit: int = ALTERNATE_LIMIT) -> None:
        self._main = Ring(main_limit)
        self._alternate: Ring | None = None
        self._alternate_limit = alternate_limit
        self._latest = bytearray()

    def add(self, data: bytes) -> None:
        """Output, cut anywhere."""
        self._latest += data
        if len(self._latest) >= _BLOCK:
            self._sort()

    def resized(self, rows: int, cols: int) -> None:
        """The terminal has another size, in character cells."""
        self.add(size_sequence(rows, cols))

    def render(self) -> bytes:
        """Everything, for a terminal just reset. Sizes are told in between by :func:`size_sequence`."""
        self._sort()
        main = self._main.render()
        if not self._alternate:
            return main + self._latest
        entered = b"\x1b[?1049h" if self._alternate.cut else b""
        return main + entered + self._alternate.render() + self._latest

    @property
    def lacks_drawing(self) -> bool:
        """A full-screen program drew more than is kept: what it drew first and not again is missing."""
        return self._alternate is not None and self._alternate.cut

    def _sort(self) -> None:
        """Put what came lately where it belongs, but for an escape sequence that is not whole yet."""
        unfinished = _UNFINISHED.search(self._latest, max(0, len(self._latest) - _LONGEST))
        data = bytes(self._latest[: unfinished.start() if unfinished else None])
        del self._latest[: len(data)]
        start = 0
        for switch in _SWITCH.finditer(data):
            if switch[1] == b"h" and not self._alternate:
                self._main.add(data[start : switch.start()])
                self._alternate = Ring(self._alternate_limit)
                start = switch.start()
            elif switch[1] == b"l" and self._alternate:
                self._alternate.add(data[start : switch.end()])
                self._leave(self._alternate)
                start = switch.end()
        if start < len(data):
            (self._alternate or self._main).add(data[start:])

    def _leave(self, alternate: Ring) -> None:
        """Of the alternate screen only the modes stay that were changed on it, and the cursor saved when it was entered."""
        self._alternate = None
        state = alternate.state
        for block in alternate.blocks:
            state.feed(block)
        self._main.add(b"\x1b7" + state.render_beside_cursor())


def _others(data: bytes) -> dict[bytes, bytes]:
    """The last of each kind of sequence, by what it sets."""
    found = {sequence[-1:]: sequence for sequence in _MARGINS_OR_CURSOR.findall(data)}
    for candidate in _OTHER.finditer(data):
        if other := _OTHERS.match(data, candidate.start()):
            kind = b"=" if other["keypad"] else other[other.lastgroup or 0]
            found[kind] = other[0]
    return found


def _switches(modes: dict[bytes, bytes]) -> list[bytes]:
    return [b"\x1b[?%s%s" % (number, switch) for number, switch in modes.items()]


def _size_of(others: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """A reset does not change the size."""
    return {name: sequence for name, sequence in others.items() if name == b"size"}
