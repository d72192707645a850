"""What a person sees while the connection is lost: one line over the terminal's last row, which the repaint takes away. Pure."""

from loom.printable import printable
from loom.wire import Resize

#: Seconds for which nothing is said: mostly the connection is back before anybody notices.
_PATIENCE = 0.4
#: Seconds after which Ctrl+C is meant for us: it answers what was just read, and not what the session showed before.
_READ = 1.0

#: Ends what the output may have left unfinished: a sequence (CAN), held output. Then cursor, attributes, margins' origin saved.
_BEGIN = b"\x18\x1b[?2026l\x1b7\x1b[?6l"
_END = b"\x1b[0m\x1b8"


class Outage:
    """From ``since`` on, in seconds of the clock that :meth:`draw` is told."""

    def __init__(self, reason: str, since: float) -> None:
        self._reason = printable(reason)
        self._since = since
        self._last: tuple[str, Resize | None] | None = None
        self._now = since

    @property
    def drawn(self) -> bool:
        """Whether the line is on the screen."""
        return self._last is not None

    @property
    def told(self) -> bool:
        """Whether the person has had time to read the line."""
        return self.drawn and self._now - self._since > _PATIENCE + _READ

    def draw(self, now: float, size: Resize | None, *, room: bool) -> tuple[bytes, float]:
        """What to write, empty when the line stands already; and in how many seconds to look again."""
        self._now = now
        passed = now - self._since
        if passed < _PATIENCE:
            return b"", _PATIENCE - passed
        again = 1.0 - passed % 1.0
        text = self._text(passed, room)
        if self._last == (text, size):
            return b"", again
        self._last = (text, size)
        cols = size.cols if size else 80
        cut = text if len(text) < cols else text[: max(1, cols - 2)] + "…"  # the last column may wrap
        return _on_last_row(size, b"\x1b[0;7m" + cut.encode()), again

    def erased(self, size: Resize | None) -> bytes:
        """What takes the line away."""
        return _on_last_row(size, b"\x1b[0m")

    def _text(self, passed: float, room: bool) -> str:
        kept = "typing is kept" if room else "the keyboard waits: too much was typed"
        return f"loom: connection lost, reconnecting… {int(passed)}s ({kept}; Ctrl+C leaves) {self._reason}"


def _on_last_row(size: Resize | None, content: bytes) -> bytes:
    row = size.rows if size else 999  # terminals go to the last row that they have
    return _BEGIN + b"\x1b[%d;1H" % row + content + b"\x1b[K" + _END
