"""One viewer of a session: waits for the shell, then carries bytes between the user's terminal and the relay.

One loop around ``select``: what cannot be written is waited for, and what would only pile up is not read.
"""

import select
import signal
import time
from collections import deque

from loom.cli.keys import HOLD, DetachKeys
from loom.cli.progress import TICK, Progress
from loom.cli.signals import Signals, Terminated
from loom.cli.terminal import OUTPUT_LIMIT, Terminal
from loom.client.errors import ConnectionLost
from loom.client.relay import Received, RelayConnection
from loom.printable import printable
from loom.wire import Exit, Notice, Status

#: Bytes waiting for the relay, above which the keyboard is not read.
_INPUT_LIMIT = 256 * 1024
#: In seconds. Load balancers cut connections that are idle for a minute or so.
_PING_EVERY = 15.0
_SILENCE = 40.0


class Viewer:
    """A connection's life after its handshake. ``status`` is the last that the relay told.

    It is pinged every ``ping_every`` seconds, and lost after ``silence`` seconds of hearing nothing.
    """

    def __init__(
        self,
        connection: RelayConnection,
        signals: Signals,
        *,
        ping_every: float = _PING_EVERY,
        silence: float = _SILENCE,
    ) -> None:
        self._connection = connection
        self._signals = signals
        self._ping_every = ping_every
        self._silence = silence
        self._inbox: deque[Received] = deque()
        self._next_ping = time.monotonic() + ping_every
        self.status: Status | None = None

    def wait(self, progress: Progress, terminal: Terminal | None) -> Exit | None:
        """Show what the weaver waits for until it runs. Returns why it never will, None once it does.

        Raises KeyboardInterrupt, Terminated, ConnectionLost, ProtocolError.
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
                    case Status():
                        self.status = item
                        progress.update(item)
                        if item.status == "running":
                            return None
            ready = self._select([], [], TICK if progress.in_place else None)
            if signal.SIGCONT in self._take_signals(ready) and terminal:
                terminal.again()
            progress.tick()
            self._exchange(reading=True)

    def attach(self, terminal: Terminal, hold: float = HOLD) -> Exit:
        """Be the session's terminal until the relay or the user ends that. Raises Terminated, ConnectionLost, ProtocolError."""
        terminal.raw()
        self._tell_size(terminal)
        try:
            return self._carry(terminal, hold)
        except KeyboardInterrupt:  # no key does that here: somebody sent the signal
            raise Terminated(signal.SIGINT) from None

    def _carry(self, terminal: Terminal, hold: float) -> Exit:
        keys = DetachKeys()
        held_until = 0.0
        while True:
            if left := self._show(terminal):
                return left
            typing = self._connection.unsent < _INPUT_LIMIT
            reading = terminal.pending < OUTPUT_LIMIT
            timeout = max(0.0, held_until - time.monotonic()) if keys.holding else None
            ready = self._select([0] if typing else [], [terminal.output] if terminal.pending else [], timeout, reading)
            self._follow(terminal, self._take_signals(ready))
            if 0 in ready:
                typed, detach = keys.feed(self._typed(terminal))
                self._send(typed)
                if detach:
                    self._connection.flush()
                    return Exit("detached")
                held_until = time.monotonic() + hold
            elif keys.holding and time.monotonic() >= held_until:
                self._send(keys.release())
            terminal.flush()
            self._exchange(reading)

    def _show(self, terminal: Terminal) -> Exit | None:
        while self._inbox:
            match self._inbox.popleft():
                case bytes() as output:
                    terminal.write(output)
                case Exit() as left:
                    return left
                case Status() as status:
                    self.status = status
                case Notice(text=text):
                    terminal.write(f"\r\nloom: {printable(text)}\r\n".encode())
        terminal.flush()
        return None

    def _typed(self, terminal: Terminal) -> bytes:
        typed = terminal.read()
        if not typed:
            raise Terminated(signal.SIGHUP)
        return typed

    def _send(self, typed: bytes) -> None:
        if typed:
            self._connection.send(typed)

    def _tell_size(self, terminal: Terminal) -> None:
        if size := terminal.size():
            self._connection.send(size)

    def _follow(self, terminal: Terminal, signals: set[int]) -> None:
        if signal.SIGCONT in signals:
            terminal.again()
        if signals & {signal.SIGWINCH, signal.SIGCONT}:
            self._tell_size(terminal)

    def _take_signals(self, ready: set[int]) -> set[int]:
        return self._signals.taken() if self._signals.fileno() in ready else set()

    def _select(self, read: list[int], write: list[int], timeout: float | None, reading: bool = True) -> set[int]:
        """Wait for descriptors, the connection and signals; at most ``timeout`` seconds and until the next ping."""
        until_ping = max(0.0, self._next_ping - time.monotonic())
        timeout = until_ping if timeout is None else min(timeout, until_ping)
        if self._connection.buffered and reading:
            timeout = 0.0
        socket = self._connection.fileno()
        watched = [*read, self._signals.fileno(), *([socket] if reading else [])]
        readable, _, _ = select.select(watched, [*write, *([socket] if self._connection.unsent else [])], [], timeout)
        return {*readable}

    def _exchange(self, reading: bool) -> None:
        """Take from the connection and give to it what can be taken and given now; keep it alive."""
        now = time.monotonic()
        if reading and (received := self._connection.receive()):
            self._inbox.extend(received)
        if not reading:
            self._connection.heard_at = now  # not listening: silence means nothing
        if now >= self._next_ping:
            if now - self._connection.heard_at > self._silence:
                raise ConnectionLost("the relay does not answer any more")
            self._connection.ping()
            self._next_ping = now + self._ping_every
        self._connection.flush()
