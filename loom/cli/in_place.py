"""One line on a terminal that is rewritten where it stands, above which lines that stay may be written."""

import sys
from collections.abc import Callable
from typing import Self, TextIO

from loom.cli.output import columns
from loom.printable import printable


class InPlace:
    """Writes to ``stream``; ``width`` gives a terminal's columns, None when ``stream`` is none: then only lines that stay are."""

    def __init__(self, stream: TextIO, width: Callable[[], int] | None) -> None:
        self._stream = stream
        self._width = width
        self._drawn = ""

    @classmethod
    def on_stderr(cls) -> Self:
        """On stderr, whether that is a terminal or not."""
        return cls(sys.stderr, (lambda: columns(sys.stderr)) if sys.stderr.isatty() else None)

    @property
    def possible(self) -> bool:
        """Whether :meth:`draw` shows anything."""
        return self._width is not None

    def draw(self, text: str) -> None:
        """Rewrite the line."""
        if self._width is None:
            return
        room = max(8, self._width() - 7)  # "loom: ", and the last column, where terminals disagree about wrapping
        cut = text if len(text) <= room else text[: room - 1] + "…"
        if cut != self._drawn:
            self._write(f"\r\x1b[Kloom: {cut}")
            self._drawn = cut

    def line(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._write(f"loom: {printable(text)}\n")

    def keep(self) -> None:
        """Let the rewritten line stay as it is."""
        if self._drawn:
            self._write("\n")
            self._drawn = ""

    def clear(self) -> None:
        """Take the rewritten line away."""
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
