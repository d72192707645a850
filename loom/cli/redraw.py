"""Lines that are drawn where they stood before, as a table that changes is: pure.

Not in the alternate screen: what stood last is still there when the program has ended, below what the terminal showed before.
"""

import re
from collections.abc import Sequence
from itertools import chain

from loom.wire import Resize

_SGR = re.compile(r"\x1b\[[\d;]*m")
#: The terminal shows all at once (where it knows the mode), and cuts lines that turn out wider than they were counted.
_BEGIN = "\x1b[?2026h\x1b[?7l"
_END = "\x1b[J\x1b[?7h\x1b[?2026l"


class Redraw:
    """The cursor stands at the beginning of the row below the last line, before and after."""

    def __init__(self) -> None:
        self._drawn: tuple[Sequence[str], Resize] | None = None

    def draw(self, lines: Sequence[str], size: Resize) -> str:
        """What to write for ``lines``, each narrower than the terminal and together lower; empty when they stand already."""
        if self._drawn == (lines, size):
            return ""
        back = self._back(size)
        self._drawn = (lines, size)
        return "".join(chain((_BEGIN, back), (f"{line}\x1b[K\r\n" for line in lines), (_END,)))

    def forget(self) -> None:
        """Somebody else has written: what stands there stays, the next lines come below."""
        self._drawn = None

    def _back(self, size: Resize) -> str:
        """To the first of the lines that stand there. A terminal that became narrower has wrapped them."""
        if not self._drawn or not self._drawn[0]:
            return "\r"
        lines, then = self._drawn
        widths = (min(then.cols, len(_SGR.sub("", line))) for line in lines)
        # At its first row a terminal stops: lines that were pushed out of it stay in the scrollback.
        rows = sum(max(1, -(-width // size.cols)) for width in widths)
        return f"\r\x1b[{rows}A"
