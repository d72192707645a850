"""What stands between ``loom`` and the relay in a test: a TCP proxy that breaks connections, and an API that leads to it."""

import json
import os
import select
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Crossing:
    """Passes bytes on to the port ``to``, one thread a connection. ``cut_after`` says after how many bytes one breaks, if ever."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.connections = 0
        self.cut_after: Callable[[], int | None] = lambda: None
        self.came = threading.Condition()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """Every connection breaks: a reset towards ``loom``, without a word."""
        for client in list(self._open):
            _reset(client)

    def until_connections(self, count: int) -> None:
        """Waits until so many connections have been asked for."""
        with self.came:
            assert self.came.wait_for(lambda: self.connections >= count, 30), f"{self.connections} connections"

    def close(self) -> None:
        self._ended.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(client)
            with self.came:
                self.connections += 1
                self.came.notify_all()
            self._threads.append(threading.Thread(target=self._carry, args=(client, self.cut_after())))
            self._threads[-1].start()

    def _carry(self, client: socket.socket, cut_after: int | None) -> None:
        try:
            with client, socket.create_connection(("127.0.0.1", self.to)) as relay:
                passed = 0
                while True:
                    readable, _, _ = select.select([client, relay], [], [])
                    for one, other in ((client, relay), (relay, client)):
                        if one in readable:
                            data = one.recv(65536)
                            if not data:
                                return
                            left = len(data) if cut_after is None else max(0, cut_after - passed)
                            passed += len(data)
                            other.sendall(data[:left])
                            if left < len(data):
                                _reset(client)
                                return
        except (OSError, ValueError):  # cut
            return
        finally:
            self._open.discard(client)


def _reset(client: socket.socket) -> None:
    try:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is closed already
        return


@contextmanager
def api_leading_to(api_url: str, port: int) -> Iterator[str]:
    """The API at ``api_url`` under another URL, whose tickets lead to ``port`` on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")
            }
            request = urllib.request.Request(api_url + self.path, body, headers, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, content = error.code, error.read()
            content = _led_to(content, port)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _pass_on  # noqa: N815  # the names that http.server calls

        def log_message(self, *_args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _led_to(content: bytes, port: int) -> bytes:
    body = json.loads(content) if content else None
    for ticket in (body, body.get("attach")) if isinstance(body, dict) else ():
        if isinstance(ticket, dict) and "ticket" in ticket:
            ticket["url"] = f"ws://127.0.0.1:{port}{urlsplit(ticket['url']).path}"
    return json.dumps(body).encode() if content else b""


def free_port() -> int:
    """A port that nothing listens on, and that the kernel gives to nobody for a while: below where it takes them from."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
