"""The connection to the relay, frame by frame, against a server that says exactly what a test wants."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from loom.client.api import Ticket
from loom.client.errors import ApiError, ConnectionFailed, ConnectionLost, ProtocolError
from loom.client.relay import RelayConnection, connect
from loom.wire import SUBPROTOCOL_V2, Exit, Notice, Resize

Script = Callable[[socket.socket, bytes], None]


@contextmanager
def server(script: Script) -> Iterator[Ticket]:
    """A socket for one client. ``script`` gets it together with the bytes of an accepting answer to the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.settimeout(30)
                script(client, _answer(client))

        thread = threading.Thread(target=serve)
        thread.start()
        yield Ticket(f"ws://127.0.0.1:{listening.getsockname()[1]}/attach", "ticket")
        thread.join()


def _answer(client: socket.socket) -> bytes:
    protocol = ServerProtocol(subprotocols=[SUBPROTOCOL_V2])  # type: ignore[list-item]
    while not (events := protocol.events_received()):
        protocol.receive_data(client.recv(65536))
    (request,) = events
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    return b"".join(protocol.data_to_send())


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=False)


def text(message: str) -> bytes:
    return frame(Opcode.TEXT, message.encode())


def received(connection: RelayConnection, count: int) -> list[object]:
    """The first ``count`` things the relay says."""
    items: list[object] = []
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while len(items) < count:
            if not connection.buffered:
                assert selector.select(30), "the relay says nothing"
            items += connection.receive() or []
            connection.flush()
    return items


EXIT = text('{"type":"exit","reason":"detached"}')


def test_what_comes_with_the_answer_to_the_handshake_is_not_lost():
    with server(lambda client, answer: client.sendall(answer + frame(Opcode.BINARY, b"$ ") + EXIT)) as ticket:
        with closing(connect(ticket)) as connection:
            assert b"".join(item for item in received(connection, 2) if isinstance(item, bytes)) == b"$ "


@pytest.mark.parametrize("at_once", [1, 7, 100_000])
def test_messages_in_pieces(at_once):
    notice = '{"type":"notice","text":"\\u00e9mile é"}'.encode()
    stream = (
        frame(Opcode.TEXT, notice[:28], fin=False)
        + frame(Opcode.PING, b"are you there")
        + frame(Opcode.CONT, notice[28:-3], fin=False)
        + frame(Opcode.CONT, notice[-3:])
        + frame(Opcode.BINARY, b"a", fin=False)
        + frame(Opcode.CONT, b"", fin=False)
        + frame(Opcode.CONT, b"b")
        + EXIT
    )
    answered = threading.Event()

    def script(client: socket.socket, answer: bytes) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(answer)
        for start in range(0, len(stream), at_once):
            client.sendall(stream[start : start + at_once])
        if client.recv(4096)[:1] == bytes([0x80 | Opcode.PONG]):  # all of it: closing on unread data resets
            answered.set()

    with server(script) as ticket, closing(connect(ticket)) as connection:
        assert received(connection, 4) == [Notice("émile é"), b"a", b"b", Exit("detached")]
        assert answered.wait(30)


def test_a_relay_that_goes_while_one_types_has_still_said_why():
    gone = threading.Event()

    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer)
        assert client.recv(1)
        client.sendall(EXIT)
        client.close()
        gone.set()

    with server(script) as ticket, closing(connect(ticket)) as connection:
        connection.send(b"typed")
        connection.flush()
        assert gone.wait(30)
        for _ in range(3):  # answered by a reset, after which sending fails
            connection.send(b"more")
            connection.flush()
        assert received(connection, 1) == [Exit("detached")]


@pytest.mark.parametrize(
    ("stream", "error", "told"),
    [
        (b"", ConnectionLost, "the connection was cut"),
        (frame(Opcode.CLOSE, b"\x03\xf0no more tickets"), ConnectionLost, "closed by the relay: no more tickets"),
        (frame(Opcode.CLOSE, b"\x03\xe8"), ConnectionLost, r"closed by the relay \(1000\)"),
        (b"\xff\xff", ConnectionLost, "the connection was cut"),
        (text('{"type":"exit","reason":"bored"}'), ProtocolError, "does not understand"),
        (frame(Opcode.TEXT, b"\xff"), ProtocolError, "does not understand"),
    ],
)
def test_ends_that_the_protocol_does_not_foresee(stream, error, told):
    with server(lambda client, answer: client.sendall(answer + stream)) as ticket:
        with closing(connect(ticket)) as connection, pytest.raises(error, match=told):
            received(connection, 2)


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (b"", ConnectionFailed, "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", ProtocolError, "not a WebSocket's"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ProtocolError, "the relay answered 200 OK"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ProtocolError, "the relay answered 502 Bad Gateway"),
        (
            b'HTTP/1.1 401 Unauthorized\r\n\r\n{"error":{"code":"unauthorized","message":"used up"}}',
            ApiError,
            "used up",
        ),
    ],
)
def test_answers_that_open_nothing(answer, error, told):
    with server(lambda client, _: client.sendall(answer)) as ticket, pytest.raises(error, match=told):
        connect(ticket)


def test_a_relay_of_another_protocol():
    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer.replace(b"Sec-WebSocket-Protocol: loom.terminal.v2\r\n", b""))

    with server(script) as ticket, pytest.raises(ProtocolError, match="is it an older one"):
        connect(ticket)


def test_a_relay_that_never_answers():
    done = threading.Event()

    def script(_client: socket.socket, _answer: bytes) -> None:
        done.wait(30)

    with server(script) as ticket:
        with pytest.raises(ConnectionFailed, match="no answer in time"):
            connect(ticket, timeout=0.2)
        done.set()


def test_what_the_relay_does_not_take_is_kept():
    go = threading.Event()
    typed = bytearray()

    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer)
        assert go.wait(30)
        while data := client.recv(65536):
            typed.extend(data)

    data = bytes(range(256)) * 40_000
    with server(script) as ticket:
        with closing(connect(ticket)) as connection:
            connection.send(Resize(24, 80))
            connection.send(data)
            connection.flush()
            assert connection.unsent
            go.set()
            deadline = time.monotonic() + 30
            with selectors.DefaultSelector() as selector:
                selector.register(connection, selectors.EVENT_WRITE)
                while connection.unsent and selector.select(deadline - time.monotonic()):
                    connection.flush()
            assert not connection.unsent
    assert len(typed) > len(data)
