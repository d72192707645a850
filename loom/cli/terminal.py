"""The user's terminal: its modes, its size, and output that neither blocks nor gets lost."""

import contextlib
import os
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any, Self

from loom.wire import MAX_COLS, MAX_ROWS, Resize

#: Bytes waiting for the terminal, above which nothing more should be brought to it.
OUTPUT_LIMIT = 256 * 1024
#: Seconds that the last output may take when the terminal does not take it.
_DRAIN = 3.0
_IFLAG, _LFLAG = 0, 3  # indices into what termios.tcgetattr returns
#: At once for a descriptor that blocks; Linux takes that much when select says that it takes something.
_BLOCKING_CHUNK = 512

#: Undoes what a program may have left behind: alternate screen (the cursor saved just before, so that leaving a screen one is
#: not in moves nothing), soft reset (DECSTR: margins, character sets, attributes, keypad), cursor shown and its shape, wrap,
#: mouse, focus and paste reports, held output, keyboard protocols (kitty, modifyOtherKeys), attributes again.
RESET = (
    b"\x1b7\x1b[?1049l\x1b[!p\x1b[?25h\x1b[0 q\x1b[?7h\x1b[?1l\x1b>"
    b"\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    b"\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[=0u\x1b[>4m\x1b[0m"
)


class Terminal:
    """The terminal on stdin and stdout. As a context, it leaves the modes as it found them, whatever happens.

    Output goes to the terminal opened anew where that is possible: O_NONBLOCK belongs to the open file, which stdout
    shares with the shell that started us.
    """

    def __init__(self) -> None:
        self._found = termios.tcgetattr(0)
        self._modes: list[Any] = self._found
        self._raw = False
        self._pending = bytearray()
        self._last = b""
        try:
            self._output = os.open(os.ttyname(1), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            self._own = True
        except OSError:  # a terminal of another mount namespace, for example
            self._output = 1
            self._own = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pending(self) -> int:
        """Bytes of output that the terminal has not taken yet."""
        return len(self._pending)

    @property
    def output(self) -> int:
        """The descriptor to wait for while there is something pending."""
        return self._output

    def quiet(self) -> None:
        """Do not show what is typed: it stays in the terminal, as typed, for :meth:`read` later. Ctrl+C still interrupts."""
        modes = [*self._found]
        modes[_IFLAG] &= ~(termios.ICRNL | termios.IXON)
        modes[_LFLAG] &= ~(termios.ECHO | termios.ICANON)
        self._set(modes)

    def raw(self) -> None:
        """Every key comes as it is, and nothing is echoed or translated."""
        tty.setraw(0, termios.TCSANOW)
        self._modes = termios.tcgetattr(0)
        self._raw = True

    def again(self) -> None:
        """Set the modes once more, after having been stopped: the shell has set its own meanwhile."""
        self._set(self._modes)

    def size(self) -> Resize | None:
        """The size, None where the terminal does not know it."""
        cols, rows = os.get_terminal_size(0)
        return Resize(rows=min(rows, MAX_ROWS), cols=min(cols, MAX_COLS)) if rows > 0 and cols > 0 else None

    def make_room(self) -> None:
        """Push what is on the screen into the scrollback: a session's screen is painted from the top."""
        size = self.size()
        self.write(b"\r\n" * (size.rows if size else 0) + b"\x1b[H")

    def read(self) -> bytes:
        """What was typed; empty when the terminal is gone."""
        try:
            return os.read(0, 64 * 1024)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """Queue output."""
        self._pending += data
        self._last = data[-1:] or self._last

    def flush(self) -> None:
        """Write what the terminal takes now. Output for a terminal that is gone is dropped: reading tells of it."""
        while self._pending:
            try:
                done = os.write(self._output, memoryview(self._pending)[: None if self._own else _BLOCKING_CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self._pending.clear()
                return
            del self._pending[:done]
            if not self._own:
                return

    def drain(self) -> None:
        """Write everything, unless the terminal takes nothing for some seconds."""
        self.flush()
        deadline = time.monotonic() + _DRAIN
        while self._pending and (left := deadline - time.monotonic()) > 0:
            before = len(self._pending)
            select.select([], [self._output], [], left)
            self.flush()
            if len(self._pending) < before:
                deadline = time.monotonic() + _DRAIN

    def close(self) -> None:
        """Put screen and modes back in order."""
        try:
            if self._raw and self._last:
                self.write(RESET if self._last == b"\n" else RESET + b"\r\n")
            self.drain()
        finally:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(0, termios.TCSANOW, self._found)
            if self._own:
                os.close(self._output)

    def _set(self, modes: list[Any]) -> None:
        termios.tcsetattr(0, termios.TCSANOW, modes)
        self._modes = modes


def confirm(question: str) -> bool:
    """Ask on the terminal; only y or yes is a yes. What was typed before the question does not answer it."""
    with contextlib.suppress(termios.error):
        termios.tcflush(0, termios.TCIFLUSH)
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return False
