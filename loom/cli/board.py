"""The table of ``loom ps --watch`` on a terminal: what stands there at any time, and the loop that keeps it true.

The API is asked in a thread of its own, so that keys, signals and a new size of the terminal never wait for it.
"""

import argparse
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from loom.cli.output import table
from loom.cli.pace import Pace
from loom.cli.ps import NONE, listed, table_of
from loom.cli.redraw import Redraw
from loom.cli.signals import Signals, Terminated
from loom.cli.terminal import Terminal
from loom.cli.times import span
from loom.client.api import Api, Weaver
from loom.client.errors import LoomError
from loom.printable import printable
from loom.wire import Resize

#: Seconds after which something is said of an answer that does not come; and how often what is shown ages.
_PATIENCE = 3.0
_TICK = 1.0


def watch_on_terminal(api: Api, options: argparse.Namespace, pace: Pace) -> int:
    """Until Ctrl+C or q. Returns the exit code. Raises LoomError as :func:`loom.cli.watch.watch` does."""
    question = Question(lambda: listed(api, options))
    board = Board(pace, ended=options.all)
    try:
        with Signals() as signals, Terminal() as terminal:
            terminal.quiet()
            _keep(board, question, terminal, signals)
    except KeyboardInterrupt:
        return 0
    except Terminated as error:
        return error.exit_code
    return 0


class Board:
    """What is known, and when to ask again. Times are those of ``time.monotonic()``."""

    def __init__(self, pace: Pace, *, ended: bool) -> None:
        self._pace = pace
        self._ended = ended
        self._weavers: Sequence[Weaver] | None = None
        self._known_at = self._asked_at = 0.0
        self._error: LoomError | None = None
        self.ask_at: float | None = 0.0  # None while there is no answer

    def asked(self, now: float) -> None:
        """The API was asked just now."""
        self._asked_at, self.ask_at = now, None

    def answered(self, answer: Sequence[Weaver] | Exception, now: float) -> None:
        """Raises the answer when it is an error that ends the watch."""
        if isinstance(answer, Exception):
            if self._weavers is None or not isinstance(answer, LoomError) or not answer.passing:
                raise answer
            self._error = answer
            self.ask_at = now + self._pace.failed()
            return
        self._weavers, self._known_at, self._error = answer, self._asked_at, None
        self.ask_at = now + self._pace.answered()

    def lines(self, now: float, wall: datetime, size: Resize) -> Sequence[str]:
        """Narrower and lower than ``size``: the newest weavers, and what is wrong."""
        room = size.cols - 1
        trouble = self._trouble(now)
        below = [f"loom: {trouble}"] if trouble else []
        # The last row is the cursor's.
        return [*self._table(room, wall, size.rows - 1 - len(below)), *(_cut(text, room) for text in below)]

    def _table(self, room: int, wall: datetime, height: int) -> Sequence[str]:
        if self._weavers is None:
            return []
        if not self._weavers:
            return [_cut(f"loom: {NONE}", room)][:height]
        fit = len(self._weavers) if len(self._weavers) < height else max(0, height - 2)
        left = len(self._weavers) - fit
        # All of them are measured: columns do not move when the terminal's height does.
        lines = list(table(*table_of(self._weavers, wall, ended=self._ended), room))
        return [*lines[: fit + 1], *([_cut(f"… and {left} more", room)] if left else [])][: max(0, height)]

    def _trouble(self, now: float) -> str:
        age = f"; this is {span(now - self._known_at)} old" if self._weavers is not None else ""
        if self._error:
            return printable(f"{self._error}{age}; asking again")
        if self.ask_at is None and now - self._asked_at > _PATIENCE:
            return f"waiting for the API{age}"
        return ""


class Question:
    """Asks in another thread; :meth:`fileno` is readable once there is an answer to take."""

    def __init__(self, ask: Callable[[], Sequence[Weaver]]) -> None:
        self._ask = ask
        self._answer: Sequence[Weaver] | Exception = ()
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._reader

    def begin(self) -> None:
        """Not before the last answer was taken."""
        threading.Thread(target=self._run, daemon=True).start()

    def take(self) -> Sequence[Weaver] | Exception:
        os.read(self._reader, 1)
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as error:  # noqa: BLE001  # raised where it is seen, in the main thread
            self._answer = error
        os.write(self._writer, b"!")


def _keep(board: Board, question: Question, terminal: Terminal, signals: Signals) -> None:
    redraw = Redraw()
    while True:
        now = time.monotonic()
        if board.ask_at is not None and now >= board.ask_at:
            question.begin()
            board.asked(now)
        if size := terminal.size():
            terminal.write(redraw.draw(board.lines(now, datetime.now(UTC), size), size).encode())
            terminal.drain()
        wait = _TICK if board.ask_at is None else min(_TICK, max(0.0, board.ask_at - now))
        ready, _, _ = select.select([0, signals.fileno(), question.fileno()], [], [], wait)
        if signals.fileno() in ready and signal.SIGCONT in signals.taken():
            terminal.again()
            redraw.forget()
        if 0 in ready and _leaves(terminal.read()):
            return
        if question.fileno() in ready:
            board.answered(question.take(), time.monotonic())


def _leaves(typed: bytes) -> bool:
    """q, as in top(1); or the terminal is gone. Other keys are taken, so that the shell does not find them afterwards."""
    return not typed or b"q" in typed.lower()


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"
