"""A line that is not worth disturbing what is on the screen: for some seconds it is the window's title. Pure.

Sequences are xterm's: OSC 2 sets the title, and XTWINOPS 22 and 23 keep the one before and bring it back. A terminal that does not
know the latter keeps the line until the shell's next prompt sets another.
"""

from loom.printable import printable

#: Seconds.
_SHOWN = 5.0
_KEEP = b"\x1b[22;2t"
_BRING_BACK = b"\x1b[23;2t"
_LONGEST = 200


class Title:
    """``now`` is in seconds of any clock."""

    def __init__(self) -> None:
        self._until: float | None = None

    def show(self, text: str, now: float) -> bytes:
        """What to write for the title to be this line."""
        keep = b"" if self._until is not None else _KEEP
        self._until = now + _SHOWN
        return keep + b"\x1b]2;loom: " + printable(text)[:_LONGEST].encode() + b"\x1b\\"

    def left(self, now: float) -> float | None:
        """In how many seconds to take it away; None when there is nothing to take away."""
        return None if self._until is None else max(0.0, self._until - now)

    def taken_away(self) -> bytes:
        """What to write for the title to be as it was; empty when it is."""
        if self._until is None:
            return b""
        self._until = None
        return _BRING_BACK
