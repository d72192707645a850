"""One WebSocket to the relay, protocol v2, over a plain socket: no event loop and no threads of its own.

The caller watches :meth:`RelayConnection.fileno` and calls :meth:`receive` and :meth:`flush`; back-pressure is not calling them.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from loom import __version__
from loom.client.api import Ticket
from loom.client.errors import ConnectionFailed, ConnectionLost, LoomError, ProtocolError
from loom.client.http import api_error, reason_of
from loom.client.imports import without
from loom.client.trust import tls_socket
from loom.wire import (
    RESUME_SUBPROTOCOL_PREFIX,
    SUBPROTOCOL_V2,
    ClientMessage,
    ServerMessage,
    WireError,
    decode_server,
    encode,
)

with without("importlib.metadata"):  # which websockets needs in development only
    from websockets.client import ClientProtocol
    from websockets.exceptions import InvalidHandshake, InvalidURI
    from websockets.frames import Frame, Opcode
    from websockets.http11 import Response
    from websockets.protocol import OPEN, Event
    from websockets.typing import Subprotocol
    from websockets.uri import parse_uri

#: Seconds for everything up to the relay's answer to the handshake.
CONNECT_TIMEOUT = 15.0
#: Bytes taken from the socket at once.
_CHUNK = 128 * 1024
#: A viewer's first frame may be a whole screen with its scrollback.
_MAX_MESSAGE = 32 * 2**20

Received: TypeAlias = "bytes | ServerMessage"


class RelayConnection:
    """An open connection. Not blocking: :meth:`receive` and :meth:`flush` do what can be done at once."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol, early: Sequence[Event] = ()) -> None:
        self._socket = sock
        self._protocol = protocol
        self._early = early  # came together with the answer to the handshake
        self._unsent = bytearray()
        self._text: bytearray | None = None  # of a text message whose frames have not all come
        #: When anything last came from the relay, in ``time.monotonic()`` seconds.
        self.heard_at = time.monotonic()
        self._collect()

    @property
    def buffered(self) -> bool:
        """Whether :meth:`receive` has something that a selector watching the socket cannot know of."""
        return bool(self._early) or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0)

    def fileno(self) -> int:
        """The socket, for a selector."""
        return self._socket.fileno()

    @property
    def unsent(self) -> int:
        """Bytes that wait for the socket to take them."""
        return len(self._unsent)

    def send(self, data: bytes | ClientMessage) -> None:
        """Queue terminal bytes or a control message. What follows the relay's own closing is dropped."""
        if self._protocol.state is not OPEN:
            return
        if isinstance(data, bytes):
            self._protocol.send_binary(data)
        else:
            self._protocol.send_text(encode(data).encode())
        self._collect()

    def ping(self) -> None:
        """Queue a ping, whose pong moves ``heard_at``."""
        if self._protocol.state is OPEN:
            self._protocol.send_ping(b"")
            self._collect()

    def flush(self) -> None:
        """Send what the socket takes now. To a relay that has gone, nothing: what it said before is still to be received."""
        while self._unsent:
            try:
                sent = self._socket.send(memoryview(self._unsent)[:_CHUNK])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                self._unsent.clear()
                return
            del self._unsent[:sent]

    def receive(self) -> list[Received] | None:
        """What has come since, None when nothing can be read now. Raises ConnectionLost, ProtocolError."""
        if self._early:
            early, self._early = self._early, ()
            return self._said(early)
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise ConnectionLost(reason_of(error)) from error
        self.heard_at = time.monotonic()
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._collect()
        return self._said(self._protocol.events_received())

    def close(self) -> None:
        """Say goodbye, if the socket takes it at once, and close."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(1000)
            self._collect()
        self.flush()
        self._socket.close()

    def _collect(self) -> None:
        for data in self._protocol.data_to_send():
            self._unsent += data

    def _said(self, events: Sequence[Event]) -> list[Received]:
        received = [item for event in events for item in self._items(event)]
        if not received and self._protocol.state is not OPEN:
            raise ConnectionLost(self._why_closed())
        return received

    def _items(self, event: Event) -> Iterator[Received]:
        if not isinstance(event, Frame):
            return
        if event.opcode is Opcode.TEXT:
            self._text = bytearray()
        if event.opcode in (Opcode.TEXT, Opcode.CONT) and self._text is not None:
            self._text += event.data
            if event.fin:
                text, self._text = bytes(self._text), None
                yield from _control(text)
        elif event.opcode in (Opcode.BINARY, Opcode.CONT) and event.data:
            yield bytes(event.data)

    def _why_closed(self) -> str:
        close = self._protocol.close_rcvd
        if close and close.reason:
            return f"closed by the relay: {close.reason}"
        return f"closed by the relay ({close.code})" if close else "the connection was cut"


def _control(text: bytes) -> Iterator[ServerMessage]:
    try:
        message = decode_server(text.decode())
    except (WireError, UnicodeDecodeError) as error:
        raise ProtocolError(
            f"the relay said something that this version of loom does not understand: {error}"
        ) from error
    if message is not None:
        yield message


def connect(ticket: Ticket, timeout: float = CONNECT_TIMEOUT) -> RelayConnection:
    """Open the connection that ``ticket`` permits. Raises ConnectionFailed, ProtocolError, ApiError for a refusal."""
    return _open(ticket.url, ticket.ticket, None, timeout)


def come_back(url: str, token: str | None, ticket: str | None, timeout: float = CONNECT_TIMEOUT) -> RelayConnection:
    """Open one more connection of the viewer that the resume ``token`` names, with a new ticket if need be. Raises as connect."""
    return _open(url, ticket, token, timeout)


def _open(url: str, ticket: str | None, token: str | None, timeout: float) -> RelayConnection:
    try:
        uri = parse_uri(url)
    except InvalidURI as error:
        raise ProtocolError("the API gave a URL for the relay that is none") from error
    offered = [Subprotocol(SUBPROTOCOL_V2), *([Subprotocol(RESUME_SUBPROTOCOL_PREFIX + token)] if token else [])]
    protocol = ClientProtocol(uri, subprotocols=offered, max_size=_MAX_MESSAGE)
    where = f"cannot reach the relay at {uri.host}:{uri.port}"

    def reached() -> socket.socket:
        return socket.create_connection((uri.host, uri.port), timeout)

    try:
        sock = tls_socket(reached, uri.host) if uri.secure else reached()
    except OSError as error:
        raise ConnectionFailed(f"{where}: {reason_of(error)}") from error
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # keystrokes must not wait for each other
        return _opened(sock, protocol, ticket)
    except OSError as error:
        sock.close()
        raise ConnectionFailed(f"{where}: {reason_of(error)}") from error
    except LoomError:
        sock.close()
        raise


def _opened(sock: socket.socket, protocol: ClientProtocol, ticket: str | None) -> RelayConnection:
    request = protocol.connect()
    if ticket:
        request.headers["Authorization"] = f"Bearer {ticket}"
    request.headers["User-Agent"] = f"loom/{__version__}"
    protocol.send_request(request)
    sock.sendall(b"".join(protocol.data_to_send()))
    # The end of the answer and the first frames may come in one piece: what follows the answer must not be lost.
    events: list[Event] = []
    data = b"?"
    while data and not events and protocol.handshake_exc is None:
        data = sock.recv(_CHUNK)
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        events = protocol.events_received()
    if protocol.handshake_exc is not None:
        raise _refusal(protocol.handshake_exc, events[0] if events else None)
    if not events:
        raise ConnectionResetError("it closed the connection without an answer")
    if protocol.subprotocol != SUBPROTOCOL_V2:
        raise ProtocolError("the relay does not speak this version's terminal protocol; is it an older one?")
    sock.setblocking(False)
    return RelayConnection(sock, protocol, events[1:])


def _refusal(reason: Exception, response: object) -> Exception:
    if isinstance(response, Response):
        try:
            answer = json.loads(response.body or b"")
        except ValueError:
            answer = None
        told = api_error(response.status_code, answer)
        return told or ProtocolError(f"the relay answered {response.status_code} {response.reason_phrase}")
    if isinstance(reason, InvalidHandshake) and not isinstance(reason.__cause__, EOFError):
        return ProtocolError(f"the relay's answer is not a WebSocket's: {reason}")
    return ConnectionResetError("it closed the connection without an answer")
