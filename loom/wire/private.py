"""Private sequences: what ``loom session`` says to the relay inside the terminal's output.

They are APC strings (``ESC _ … ESC \\``, ECMA-48 §8.3.2), which terminals ignore, beginning with ``loom.dev;``. The relay
takes them out of the stream. A program in the weaver could write them too: they must never do more than detach the
person who is typing.
"""

from dataclasses import dataclass
from typing import Final

_PREFIX: Final = b"\x1b_loom.dev;"
_TERMINATOR: Final = b"\x1b\\"
#: A longer private string is none of ours: it is passed on as ordinary output.
_MAX_BODY: Final = 256

#: Written by ``loom session`` after a shell ended and before the next one starts.
SHELL_ENDED: Final = _PREFIX + b"shell-ended" + _TERMINATOR


@dataclass(frozen=True, slots=True)
class ShellEnded:
    """The shell ended and a fresh one follows: whoever typed last is detached (DESIGN §6)."""


class PrivateSequences:
    """Takes private sequences out of a stream of output, also when they are split across chunks.

    Holds back at most one incomplete sequence; everything else passes through at once and unchanged.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes | ShellEnded]:
        """Output and private messages, in the order in which they were written."""
        if not self._held and b"\x1b" not in data:
            return [data] if data else []
        data = self._held + data
        self._held = b""
        out: list[bytes | ShellEnded] = []
        passed = 0
        search = 0
        while (start := data.find(b"\x1b", search)) >= 0:
            candidate = data[start : start + len(_PREFIX)]
            if candidate != _PREFIX:
                if _PREFIX.startswith(candidate) and start + len(candidate) == len(data):
                    break
                search = start + 1
                continue
            end = data.find(_TERMINATOR, start + len(_PREFIX))
            if end < 0:
                if len(data) - start <= len(_PREFIX) + _MAX_BODY:
                    break
                search = start + 1
                continue
            if start > passed:
                out.append(data[passed:start])
            if data[start : end + len(_TERMINATOR)] == SHELL_ENDED:
                out.append(ShellEnded())
            passed = search = end + len(_TERMINATOR)
        stop = start if start >= 0 else len(data)
        if stop > passed:
            out.append(data[passed:stop])
        self._held = data[stop:]
        return out
