"""Private sequences: what ``loom session`` says to the relay inside the terminal's output.

They are APC strings (``ESC _ … ESC \\``, ECMA-48 §8.3.2), which terminals ignore, beginning with ``loom.dev;``. The relay
takes them out of the stream. A program in the weaver could write them too: they must never do more than detach the
person who is typing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from loom.wire.messages import Resize, WireError

_PREFIX: Final = b"\x1b_loom.dev;"
_TERMINATOR: Final = b"\x1b\\"
#: A longer private string is none of ours: it is passed on as ordinary output.
_MAX_BODY: Final = 256

#: Written by ``loom session`` after a shell ended and before the next one starts.
SHELL_ENDED: Final = _PREFIX + b"shell-ended" + _TERMINATOR

#: The very first output of a ``loom session``: its input may have tags (:mod:`loom.wire.tags`).
TAKES_TAGS: Final = _PREFIX + b"takes-tags" + _TERMINATOR

#: What :func:`parse_snapshot` reads: its first line, how a session says that a drawing is not whole, and sizes.
_HEAD: Final = re.compile(rb"([0-9a-f]{32}) (\d{1,9})((?: [0-9a-f]{16}:\d{1,15})*)\n")
_INCOMPLETE: Final = _PREFIX + b"incomplete" + _TERMINATOR
#: An emulator lays everything out anew at each size, and programs can write these too: only the last ones count.
_MOST_SIZES: Final = 50
_SIZE: Final = re.compile(rb"\x1b_loom\.dev;size;(\d{1,9});(\d{1,9})\x1b\\")


@dataclass(frozen=True, slots=True)
class ShellEnded:
    """The shell ended and a fresh one follows: whoever typed last is detached (DESIGN §6)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a session's terminal was shown, as ``loom session --snapshot`` tells it: output and changes of size, in order.

    ``mark`` is the private sequence that stands in the output where it ends. Not ``complete``: a full-screen program drew
    more than was kept and should draw anew. ``positions`` says how much came of each input that had tags.
    """

    mark: bytes
    complete: bool
    pieces: tuple[bytes | Resize, ...]
    positions: Mapping[str, int] = field(default_factory=dict)


def parse_snapshot(answer: bytes) -> Snapshot:
    """Raises WireError for what is no whole snapshot."""
    head = _HEAD.match(answer)
    if head is None or len(answer) - head.end() != int(head[2]):
        raise WireError("not a whole snapshot")
    body = answer[head.end() :]
    output, *rest = _SIZE.split(body.removeprefix(_INCOMPLETE))
    pieces: list[bytes | Resize] = [output]
    sizes = len(rest) // 3
    for number, (rows, cols, output) in enumerate(zip(rest[::3], rest[1::3], rest[2::3], strict=True)):
        pieces += [Resize(int(rows), int(cols)), output] if sizes - number <= _MOST_SIZES else [output]
    inputs = (one.partition(":") for one in head[3].decode().split())
    positions = {input_id: int(position) for input_id, _, position in inputs}
    mark = _PREFIX + b"mark;" + head[1] + _TERMINATOR
    return Snapshot(mark, not body.startswith(_INCOMPLETE), tuple(piece for piece in pieces if piece), positions)


class PrivateSequences:
    """Takes private sequences out of a stream of output, also when they are split across chunks.

    Holds back at most one incomplete sequence; everything else passes through at once and unchanged. A private sequence
    that this version does not know is taken out as well, so that a newer ``loom session`` does not litter the screen.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes | ShellEnded]:
        """Output and private messages, in the order in which they were written."""
        if self._held:
            data = self._held + data
            self._held = b""
        if _PREFIX not in data and not _partial(data, _PREFIX):
            return [data] if data else []
        out: list[bytes | ShellEnded] = []
        plain = 0  # where the output not yet in `out` begins
        search = 0
        while (start := data.find(_PREFIX, search)) >= 0:
            body = start + len(_PREFIX)
            end = data.find(_TERMINATOR, body, body + _MAX_BODY + len(_TERMINATOR))
            if end < 0 and len(data) - body < _MAX_BODY + len(_TERMINATOR):
                break
            if end < 0:
                search = body
                continue
            if start > plain:
                out.append(data[plain:start])
            plain = search = end + len(_TERMINATOR)
            if data[start:plain] == SHELL_ENDED:
                out.append(ShellEnded())
        cut = start if start >= 0 else len(data) - _partial(data[search:], _PREFIX)
        if cut > plain:
            out.append(data[plain:cut])
        self._held = data[cut:]
        return out


def _partial(data: bytes, prefix: bytes) -> int:
    """How many bytes at the end of ``data`` may be the beginning of ``prefix``."""
    start = data.rfind(prefix[:1], max(0, len(data) - len(prefix) + 1))
    return len(data) - start if start >= 0 and prefix.startswith(data[start:]) else 0
