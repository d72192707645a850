"""One viewer of a session: waits for the shell, then carries bytes between the user's terminal and the session.

One loop around ``select``: what cannot be written is waited for, and what would only pile up is not read.
"""

import select
import signal
import time
from collections import deque

from loom.cli.keys import HOLD, DetachKeys, interrupts
from loom.cli.outage import Outage
from loom.cli.progress import TICK, Progress
from loom.cli.signals import Signals, Terminated
from loom.cli.terminal import OUTPUT_LIMIT, Terminal
from loom.cli.title import Title
from loom.client.link import Back, Event, Link, Lost
from loom.printable import printable
from loom.wire import Exit, Notice, Status

_MAY_BE_LOST = "the relay is another one now: the last {} bytes that were typed may not have arrived"


class Viewer:
    """``status`` is the last that the relay told."""

    def __init__(self, link: Link, signals: Signals) -> None:
        self._link = link
        self._signals = signals
        self._inbox: deque[Event] = deque()
        self._outage: Outage | None = None
        self._unshown: str | None = None  # a notice for after the repaint
        self._title = Title()
        self.status: Status | None = None

    def wait(self, progress: Progress, terminal: Terminal | None) -> Exit | None:
        """Show what the weaver waits for until it runs. Returns why it never will, None once it does.

        Raises KeyboardInterrupt, Terminated, ConnectionLost, ApiError, ProtocolError.
        """
        while True:
            while self._inbox:
                item = self._inbox[0]
                if isinstance(item, bytes):
                    return None  # a shell that writes runs, even when its status is still on the way
                self._inbox.popleft()
                match item:
                    case Exit():
                        return item
                    case Notice(text=text):
                        progress.line(text)
                    case Lost(reason=reason):
                        progress.line(f"lost the connection to the relay: {reason}; connecting again")
                    case Back():
                        progress.line("connected to the relay again")
                    case Status():
                        self.status = item
                        progress.update(item)
                        if item.status == "running":
                            return None
            ready = self._select([], [], TICK if progress.in_place else None)
            if signal.SIGCONT in self._take_signals(ready) and terminal:
                terminal.again()
            progress.tick()
            self._inbox.extend(self._link.turn(reading=True))

    def attach(self, terminal: Terminal, hold: float = HOLD) -> Exit:
        """Be the session's terminal until the relay or the user ends that.

        Raises Terminated, ConnectionLost, ApiError, ProtocolError.
        """
        terminal.raw()
        self._tell_size(terminal)
        try:
            return self._carry(terminal, hold)
        except KeyboardInterrupt:  # no key does that here: somebody sent the signal
            raise Terminated(signal.SIGINT) from None
        finally:
            terminal.write(self._title.taken_away())

    def _carry(self, terminal: Terminal, hold: float) -> Exit:
        keys = DetachKeys()
        held_until = 0.0
        while True:
            if left := self._show(terminal):
                return left
            reading = terminal.pending < OUTPUT_LIMIT
            timeout = _sooner(self._draw_outage(terminal), self._title.left(time.monotonic()))
            if keys.holding:
                timeout = _sooner(timeout, max(0.0, held_until - time.monotonic()))
            watched = [0] if self._link.room else []
            ready = self._select(watched, [terminal.output] if terminal.pending else [], timeout, reading)
            self._follow(terminal, self._take_signals(ready))
            if 0 in ready:
                typed, detach = keys.feed(self._typed(terminal))
                if self._outage and self._outage.told and interrupts(typed):
                    return Exit("detached")
                self._type(typed)
                if detach:
                    self._link.flush()
                    return Exit("detached")
                held_until = time.monotonic() + hold
            elif keys.holding and time.monotonic() >= held_until:
                self._type(keys.release())
            terminal.flush()
            self._inbox.extend(self._link.turn(reading))

    def _show(self, terminal: Terminal) -> Exit | None:
        while self._inbox:
            match self._inbox.popleft():
                case bytes() as output:
                    terminal.write(output)
                    self._show_what_waited(terminal)
                case Exit() as left:
                    return left
                case Status() as status:
                    self.status = status
                case Notice(text=text, brief=True):
                    terminal.write(self._title.show(text, time.monotonic()))
                case Notice(text=text):
                    _note(terminal, text)
                case Lost(reason=reason):
                    self._outage = self._outage or Outage(reason, time.monotonic())
                case Back(dropped=dropped):
                    if self._outage and self._outage.drawn:
                        terminal.write(self._outage.erased(terminal.size()))
                    self._outage = None
                    self._unshown = _MAY_BE_LOST.format(dropped) if dropped else self._unshown
        if self._title.left(time.monotonic()) == 0:
            terminal.write(self._title.taken_away())
        terminal.flush()
        return None

    def _show_what_waited(self, terminal: Terminal) -> None:
        if self._unshown and not self._outage:
            _note(terminal, self._unshown)
            self._unshown = None

    def _draw_outage(self, terminal: Terminal) -> float | None:
        """Say that there is no connection, if that lasts. Returns in how many seconds to come here again."""
        if not self._outage:
            return None
        line, again = self._outage.draw(time.monotonic(), terminal.size(), room=self._link.room)
        terminal.write(line)
        terminal.flush()
        return again

    def _typed(self, terminal: Terminal) -> bytes:
        typed = terminal.read()
        if not typed:
            raise Terminated(signal.SIGHUP)
        return typed

    def _type(self, typed: bytes) -> None:
        if typed and not (self.status and self.status.role == "observer"):
            self._link.type(typed)

    def _tell_size(self, terminal: Terminal) -> None:
        if size := terminal.size():
            self._link.resize(size)

    def _follow(self, terminal: Terminal, signals: set[int]) -> None:
        if signal.SIGCONT in signals:
            terminal.again()
        if signals & {signal.SIGWINCH, signal.SIGCONT}:
            self._tell_size(terminal)

    def _take_signals(self, ready: set[int]) -> set[int]:
        return self._signals.taken() if self._signals.fileno() in ready else set()

    def _select(self, read: list[int], write: list[int], timeout: float | None, reading: bool = True) -> set[int]:
        """Wait for descriptors, the link and signals, at most ``timeout`` seconds. Returns what can be read."""
        link_read, link_write, at_most = self._link.watch(reading)
        timeout = _sooner(timeout, at_most)
        readable, _, _ = select.select([*read, self._signals.fileno(), *link_read], [*write, *link_write], [], timeout)
        return {*readable}


def _sooner(one: float | None, other: float | None) -> float | None:
    """The shorter of two times to wait; None is for ever."""
    return min((seconds for seconds in (one, other) if seconds is not None), default=None)


def _note(terminal: Terminal, text: str) -> None:
    terminal.write(f"\r\nloom: {printable(text)}\r\n".encode())
