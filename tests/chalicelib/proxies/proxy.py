"""A proxy between an adapter and its server that goes wrong as it is told: real sockets, nothing of ours is patched.

A :class:`Fault` says how one exchange goes wrong. ``Proxy.plan`` is asked for each request which fault it meets, if any; what is
asked is kept in ``Proxy.seen``.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. ``number`` counts from 1; ``target`` is the operation of an AWS request (``GetItem``), else empty."""

    number: int
    method: str
    path: str
    target: str
    body: bytes

    def __str__(self) -> str:
        return self.target or f"{self.method} {self.path.partition('?')[0].rpartition('loom-weavers')[2]}"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Upstream = Callable[[], Told]


@dataclass(frozen=True, slots=True)
class Fault:
    """``act`` has the exchange, in which it asks the server (or not) and answers (or not)."""

    name: str
    act: Callable[["Exchange"], None]

    def __str__(self) -> str:
        return self.name


Plan = Callable[[Asked], Fault | None]


def no_faults(_asked: Asked) -> Fault | None:
    return None


class Exchange:
    """One request on its way: what a fault may do with it."""

    def __init__(
        self, handler: BaseHTTPRequestHandler, asked: Asked, upstream: Upstream, over: threading.Event
    ) -> None:
        self.asked = asked
        self.upstream = upstream
        self._handler = handler
        self._over = over

    def answer(self, told: Told, *, length: int | None = None, of_body: int | None = None) -> None:
        """``length`` is what the header says when it is not true, ``of_body`` how many bytes of the body are sent."""
        self._handler.send_response(told.status)
        for name, value in told.headers.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(told.body) if length is None else length))
        self._handler.end_headers()
        self._handler.wfile.write(told.body if of_body is None else told.body[:of_body])

    def raw(self, data: bytes) -> None:
        self._handler.wfile.write(data)

    def trickle(self, data: bytes, every: float) -> None:
        """A byte each ``every`` seconds, to the end of the proxy if need be."""
        for byte in data:
            if self._over.wait(every):
                return
            try:
                self._handler.wfile.write(bytes([byte]))
            except OSError:
                return

    def pause(self, seconds: float) -> None:
        """At most until the proxy ends."""
        self._over.wait(seconds)

    def hang(self) -> None:
        self._over.wait()

    def close(self) -> None:
        self._handler.close_connection = True

    def reset(self) -> None:
        """RST instead of FIN (socket(7), SO_LINGER 0)."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.close()
        self.close()


@dataclass
class Proxy:
    """``url`` is where the adapter must go instead."""

    url: str
    plan: Plan = no_faults
    seen: list[Asked] = field(default_factory=list)


@contextmanager
def proxy(server: str) -> Iterator[Proxy]:
    """Stands before ``server``, an http:// URL, until the block ends."""
    host = urlsplit(server).netloc
    over, lock, sockets = threading.Event(), threading.Lock(), set[socket.socket]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            with lock:
                sockets.add(self.connection)

        def finish(self) -> None:
            with lock:
                sockets.discard(self.connection)
            with suppress(OSError, ValueError):  # the client did not wait, or a fault closed it
                super().finish()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            target = self.headers.get("x-amz-target", "").rpartition(".")[2]
            with lock:
                asked = Asked(len(running.seen) + 1, self.command, self.path, target, body)
                running.seen.append(asked)
                fault = running.plan(asked)
            exchange = Exchange(self, asked, lambda: _forwarded(host, asked, dict(self.headers)), over)
            try:
                if fault is None:
                    exchange.answer(exchange.upstream())
                else:
                    self.close_connection = True
                    fault.act(exchange)
            except OSError:
                self.close_connection = True  # the client did not wait

        do_POST = do_DELETE = do_PATCH = do_PUT = do_GET  # noqa: N815  # names that http.server asks for

        def send_response(self, code: int, message: str | None = None) -> None:
            self.send_response_only(code, message)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with _Server(("127.0.0.1", 0), Handler) as listening:
        running = Proxy(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            over.set()
            listening.shutdown()
            thread.join()
            with lock:
                for open_socket in sockets:  # handlers that wait for another request
                    with suppress(OSError):
                        open_socket.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # its end waits for theirs

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what this is for."""


def _forwarded(host: str, asked: Asked, headers: dict[str, str]) -> Told:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(asked.method, asked.path, asked.body, headers)
        answer = connection.getresponse()
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server")
        }
        return Told(answer.status, answer.read(), kept)
    finally:
        connection.close()
