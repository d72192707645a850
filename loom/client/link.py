"""A viewer's link to its session: one connection to the relay at a time, and the next one when that breaks.

What is typed goes through it exactly once (:mod:`loom.wire.delivery`), whatever breaks in between. The caller waits for what
:meth:`Link.watch` names and calls :meth:`Link.turn`; nothing blocks.
"""

import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from loom.client.api import Ticket
from loom.client.errors import ApiError, ConnectionFailed, ConnectionLost, ProtocolError
from loom.client.relay import Received, RelayConnection, come_back
from loom.wire import VIEWER_OVER, Ack, Exit, Outgoing, Resize, Resume, WireError, exit_of

#: Bytes that may be typed and not acknowledged; then the keyboard waits.
KEPT_LIMIT = 256 * 1024
#: Bytes given to a connection ahead of what its socket has taken.
_AHEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """When a connection counts as lost, and how long it is tried to come back; all in seconds.

    Load balancers cut connections that are idle for a minute or so. A connection that held for ``steady`` begins the count anew.
    """

    ping_every: float = 15.0
    silence: float = 40.0
    connect: float = 5.0
    longest_pause: float = 1.0
    give_up: float = 300.0
    steady: float = 10.0


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke; another one is tried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """There is a connection again; what the terminal should show follows. ``dropped`` typed bytes may not have arrived:
    nobody knows, and they must not arrive twice."""

    dropped: int


Event: TypeAlias = "Received | Lost | Back"
#: Asks the API for a new ticket, without a word to the person. Raises LoomError.
NewTicket: TypeAlias = Callable[[], Ticket]


class Link:
    """Begins with an open ``connection`` to ``url``. ``new_ticket`` is for when the relay does not take the resume token."""

    def __init__(self, url: str, connection: RelayConnection, new_ticket: NewTicket, pace: Pace | None = None) -> None:
        self._url = url
        self._new_ticket = new_ticket
        self._pace = pace or Pace()
        self._outgoing = Outgoing()
        self._size: Resize | None = None
        self._token: str | None = None
        self._attempt: _Attempt | None = None
        self._outage_from = self._next_attempt = 0.0
        self._attempts = 0
        self._reason = ""
        self._connection: RelayConnection | None = connection
        self._waits_for_position = False
        self._up_from = time.monotonic()
        self._next_ping = self._up_from + self._pace.ping_every

    # -- what the viewer does

    def type(self, data: bytes) -> None:
        """Input. It is kept until the relay has accepted it."""
        self._outgoing.type(data)
        self._feed()

    def resize(self, size: Resize) -> None:
        """The size of the viewer's terminal, also for connections to come."""
        self._size = size
        if self._connection:
            self._connection.send(size)

    @property
    def room(self) -> bool:
        """Whether more may be typed."""
        return self._outgoing.kept < KEPT_LIMIT

    @property
    def undelivered(self) -> int:
        """Typed bytes that no connection was given."""
        return self._outgoing.unsent

    def flush(self) -> None:
        """Give the connection what it takes now."""
        if self._connection:
            self._connection.flush()

    def close(self) -> None:
        """The viewer leaves."""
        if self._connection:
            self._connection.close()
            self._connection = None

    # -- the loop

    def watch(self, reading: bool) -> tuple[list[int], list[int], float]:
        """Descriptors to wait for until they can be read and written, and for how many seconds at most."""
        now = time.monotonic()
        if not self._connection:
            attempt = [self._attempt.fileno()] if self._attempt else []
            return attempt, [], 60.0 if attempt else max(0.0, self._next_attempt - now)
        if self._connection.buffered and reading:
            return [], [], 0.0
        descriptor = self._connection.fileno()
        until_ping = max(0.0, self._next_ping - now)
        return [descriptor] if reading else [], [descriptor] if self._connection.unsent else [], until_ping

    def turn(self, reading: bool) -> list[Event]:
        """Do what can be done at once. Without ``reading`` nothing is taken from the relay.

        Raises ConnectionLost when it gives up, ApiError when the relay or the API refuses for good, ProtocolError.
        """
        if not self._connection:
            return self._try_again()
        events: list[Event] = []
        try:
            for item in self._exchange(self._connection, reading):
                if isinstance(item, Exit) and item.reason == "drain":
                    self._outgoing.settle()
                    return [*events, self._lost("the relay is being restarted", draining=True)]
                events += self._handled(item)
        except ConnectionLost as error:
            return [*events, self._lost(str(error))]
        self._feed()
        return events

    def _handled(self, item: Received) -> list[Event]:
        if self._waits_for_position and not isinstance(item, Ack):  # an older relay, that knows no tokens
            self._waits_for_position = False
            return [Back(self._outgoing.restart()), *self._handled(item)]
        match item:
            case Resume(token):
                self._token = token
                return []
            case Ack():
                try:
                    return self._acknowledged(item)
                except ValueError as error:
                    raise ProtocolError(f"the relay said something impossible: {error}") from error
        return [item]

    def _acknowledged(self, ack: Ack) -> list[Event]:
        if not self._waits_for_position:
            self._outgoing.acknowledge(ack.bytes)
            return []
        self._waits_for_position = False
        if ack.fresh:
            return [Back(self._outgoing.restart())]
        if not self._outgoing.resume(ack.bytes):
            self._token = None  # the next one comes as somebody else
            raise ConnectionLost("more of what was typed was lost than can be sent again")
        return [Back(0)]

    def _feed(self) -> None:
        if not self._connection or self._waits_for_position:
            return
        while self._connection.unsent < _AHEAD and (data := self._outgoing.take(_AHEAD)):
            self._connection.send(data)
        if self._token is None and not self.room:  # a relay that gives none acknowledges nothing
            self._outgoing.forget_sent()

    def _exchange(self, connection: RelayConnection, reading: bool) -> list[Received]:
        """What has come. Keeps the connection alive, and sends what waits. Raises ConnectionLost."""
        received = connection.receive() if reading else None
        now = time.monotonic()
        if not reading:
            connection.heard_at = now  # not listening: silence means nothing
        if now >= self._next_ping:
            if now - connection.heard_at > self._pace.silence:
                raise ConnectionLost("the relay does not answer any more")
            connection.ping()
            self._next_ping = now + self._pace.ping_every
        connection.flush()
        return received or []

    # -- when it broke

    def _lost(self, reason: str, *, draining: bool = False) -> Lost:
        now = time.monotonic()
        self.close()
        if now - self._up_from > self._pace.steady or not self._attempts:
            self._outage_from = now
            self._attempts = 0
        elif not draining and not self._waits_for_position:  # it worked for a moment
            self._outage_from = now
            self._attempts = 1
        self._reason = reason
        self._next_attempt = now + self._pause()
        return Lost(reason)

    def _pause(self) -> float:
        """Seconds until the next attempt: none before the first, then longer and longer, everybody's a little different."""
        if not self._attempts:
            return 0.0
        pause: float = min(0.1 * 2.0 ** min(self._attempts - 1, 10), self._pace.longest_pause)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311  # no secret

    def _try_again(self) -> list[Event]:
        now = time.monotonic()
        if not self._attempt:
            if now - self._outage_from > self._pace.give_up:
                raise ConnectionLost(f"{self._reason}; tried for {self._pace.give_up / 60:.0f} minutes")
            if now >= self._next_attempt:
                self._attempts += 1
                self._attempt = _Attempt(self._come_back)
            return []
        if not self._attempt.over:
            return []
        attempt, self._attempt = self._attempt, None
        try:
            return self._again_with(attempt.result())
        except ApiError as error:
            if error.code == VIEWER_OVER:
                return [_exit_told_by(error)]
            if not error.passing:
                raise
            self._reason = str(error)
        except (ConnectionFailed, ProtocolError) as error:  # also a load balancer's page while no relay is ready
            self._reason = str(error)
        self._next_attempt = time.monotonic() + self._pause()
        return []

    def _come_back(self) -> RelayConnection:
        """In a thread of its own. Raises LoomError."""
        if self._token:
            try:
                return come_back(self._url, self._token, None, self._pace.connect)
            except ApiError as error:
                if error.status != 401:
                    raise
        ticket = self._new_ticket()
        self._url = ticket.url
        return come_back(ticket.url, self._token, ticket.ticket, self._pace.connect)

    def _again_with(self, connection: RelayConnection) -> list[Event]:
        self._connection = connection
        self._up_from = time.monotonic()
        self._next_ping = self._up_from + self._pace.ping_every
        if self._size:
            connection.send(self._size)
        if self._token:
            self._waits_for_position = True
            return []
        return [Back(self._outgoing.restart())]


class _Attempt:
    """One attempt to connect, in a thread of its own: names, TLS and the API block. Abandoned, it ends with the process."""

    def __init__(self, connect: Callable[[], RelayConnection]) -> None:
        from threading import Thread  # not needed by who is never cut

        self._outcome: RelayConnection | Exception | None = None
        self._reader, self._writer = socket.socketpair()
        Thread(target=self._run, args=(connect,), daemon=True).start()

    @property
    def over(self) -> bool:
        return self._outcome is not None

    def fileno(self) -> int:
        """Readable once it is over."""
        return self._reader.fileno()

    def result(self) -> RelayConnection:
        """The connection. Raises LoomError."""
        self._reader.close()
        if isinstance(self._outcome, RelayConnection):
            return self._outcome
        raise self._outcome or AssertionError("the attempt is not over")

    def _run(self, connect: Callable[[], RelayConnection]) -> None:
        try:
            self._outcome = connect()
        except Exception as error:  # noqa: BLE001  # raised where the result is taken
            self._outcome = error
        self._writer.close()


def _exit_told_by(error: ApiError) -> Exit:
    """Why the session is over for a viewer that came back too late."""
    try:
        return exit_of(error.details)
    except WireError as wrong:
        raise ProtocolError(f"the relay's refusal is not understood: {wrong}") from wrong
