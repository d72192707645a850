"""Somebody at a terminal, with the link that ``loom attach`` has: comes back by itself whatever breaks."""

import re
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from loom.client.api import Ticket
from loom.client.errors import LoomError
from loom.client.link import Back, Link, Lost
from loom.client.relay import connect
from loom.wire import Exit, Resize
from relay.core.screen import CLEAR

DEADLINE: Final = 25.0
_SEQUENCE: Final = re.compile(rb"\x1b\[[\d;?>=]*[a-zA-Z]|\x1b[()][0B]|\x1b[78=>]|[\x0e\x0f]")


class Person(threading.Thread):
    """``shown`` is what the terminal was given since it was last cleared; ``away`` how long each outage was, in seconds."""

    def __init__(self, new_ticket: Callable[[], Ticket], rows: int = 24, cols: int = 80) -> None:
        super().__init__(daemon=True)
        ticket = new_ticket()
        self._link = Link(ticket.url, connect(ticket), new_ticket)
        self._link.resize(Resize(rows, cols))
        self._keys: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._leaves = False
        self._lost_at: float | None = None
        self.shown = b""
        self.away: list[float] = []
        self.dropped = 0
        self.failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaves = True
        self.join(DEADLINE)

    def type(self, keys: bytes) -> None:
        self._keys.append(keys)

    @property
    def text(self) -> bytes:
        """What was shown, scrollback included, without the sequences."""
        return _SEQUENCE.sub(b"", self.shown)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that this terminal shows. Raises what broke the link for good."""
        with self._changed:
            held = self._changed.wait_for(lambda: self.failure is not None or condition(), DEADLINE)
        if self.failure:
            raise self.failure
        assert held, f"{self.text[-500:]!r} {self.away} {self.dropped}"

    def until_text(self, text: bytes) -> None:
        self.until(lambda: text in self.text)

    def until_back(self) -> None:
        """It was away, and sees something again."""
        self.until(lambda: bool(self.away))

    def run(self) -> None:
        try:
            while not self._leaves:
                self._turn()
        except (LoomError, AssertionError, OSError) as error:  # raised where the test waits
            self.failure = error
        finally:
            self._link.close()

    def _turn(self) -> None:
        while self._keys and self._link.room:
            self._link.type(self._keys.popleft())
        read, write, seconds = self._link.watch(reading=True)
        select.select(read, write, [], min(seconds, 0.01))
        for event in self._link.turn(reading=True):
            match event:
                case bytes():
                    self._see(event)
                case Lost():
                    self._lost_at = self._lost_at or time.monotonic()
                case Back(dropped):
                    self.dropped += dropped
                case Exit():
                    raise AssertionError(event)
            with self._changed:
                self._changed.notify_all()

    def _see(self, data: bytes) -> None:
        if self._lost_at:
            self.away.append(time.monotonic() - self._lost_at)
            self._lost_at = None
        self.shown = (self.shown + data).rpartition(CLEAR)[2]
