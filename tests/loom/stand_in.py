"""The other side of ``loom``: an HTTP server that speaks the API's contract, and a WebSocket server that is the relay.

Both are real servers on real sockets. A test says what they answer, and sees what they were asked.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from loom.wire import SUBPROTOCOL_V2, Exit, Resize, ServerMessage, Status, decode_client, encode

TOKEN = "secret-token-of-the-test"
TICKET = "header.secret-ticket.signature"
DEADLINE = 30.0

WEAVER: dict[str, Any] = {
    "id": "019a0000-0000-7000-8000-0000a1b2c3d4",
    "short_id": "a1b2c3d4",
    "name": "otter",
    "pod_name": "weaver-019a0000-0000-7000-8000-0000a1b2c3d4",
    "status": "pending",
    "reason": None,
    "message": None,
    "stages": {"reserved": "2026-11-23T10:00:00Z"},
    "image": "example.org/weaver:latest",
    "repo": "https://example.org/o/r.git",
    "branch": "main",
    "tags": {"team": "core"},
    "owner_user_id": "u1",
    "org_id": "o1",
    "cluster": "default",
    "created_at": "2026-01-01T10:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z",
    "lifetime_hours": 4.0,
    "resources": {"memory_limit": "16Gi", "cpu_limit": None},
    "has_session": True,
}


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What a request gets. ``status`` 0 closes the connection without an answer."""

    status: int
    body: Any = None


@dataclass
class Api:
    """Answers by method and path, with this query or any, each a list used up from the front; the last one stays."""

    url: str = ""
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)  # requests wait while it is not set

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def has_one_weaver(self, relay: "Relay") -> None:
        """WEAVER under all its names; its tickets lead to ``relay``."""
        self.on("POST", "/api/weaver", Answer(201, {**WEAVER, "attach": ticket(relay.url)}))
        for reference in ("otter", "a1b2c3d4", WEAVER["id"]):
            self.on("GET", f"/api/weaver/{reference}", Answer(200, WEAVER))
            self.on("DELETE", f"/api/weaver/{reference}", Answer(204))
            self.on("POST", f"/api/weaver/{reference}/ticket", Answer(200, entry(relay.url)))
        self.on("GET", "/api/weavers", Answer(200, {"weavers": [WEAVER], "next_cursor": None}))
        self.on("GET", "/api/weavers?ended=true", Answer(200, {"weavers": [], "next_cursor": None}))

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        assert self.open.wait(DEADLINE)
        paths = (asked.path, urlsplit(asked.path).path)
        answers = next((found for path in paths if (found := self.answers.get((asked.method, path)))), None)
        if not answers:
            return refusal(404, "weaver_not_found", "no weaver of that name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


def ticket(url: str) -> dict[str, str]:
    return {"url": url, "ticket": TICKET, "expires_at": "2999-01-01T00:00:00Z"}


def entry(url: str, **weaver: Any) -> dict[str, Any]:
    """What a request for a ticket to the relay at ``url`` is answered."""
    return {**ticket(url), "weaver": {**WEAVER, **weaver}}


def refusal(status: int, code: str, message: str, **details: Any) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message, "details": details}})


@contextmanager
def api_server(tls: ssl.SSLContext | None = None) -> Iterator[Api]:
    api = Api()
    api.open.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
            answer = api.answer(asked)
            if answer.status == 0:
                self.close_connection = True
                return
            raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            payload = b"" if answer.body is None else raw
            with suppress(BrokenPipeError, ConnectionResetError):  # a watch that was left in the middle of a question
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # the names that http.server calls

        def log_message(self, *_args: object) -> None:
            """Tests look at ``Api.asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    api.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Relay:
    """The relay: ``script`` is run for each connection, in a thread of its own; when it returns, the connection closes."""

    def __init__(self) -> None:
        self.url = ""
        self.headers: dict[str, str] = {}
        self.refuse: Callable[[ServerConnection], Response] | None = None
        self.script: Callable[[Session], None] = lambda session: session.say(Exit("detached"))
        self.failures: Queue[BaseException] = Queue()

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.headers = dict(request.headers.raw_items())
        return self.refuse(connection) if self.refuse else None

    def handle(self, connection: ServerConnection) -> None:
        try:
            self.script(Session(connection))
        except BaseException as error:
            self.failures.put(error)
            raise


class Session:
    """One connection from the relay's side."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.typed = b""
        self.sizes: list[Resize] = []

    def say(self, *messages: ServerMessage | bytes) -> None:
        for message in messages:
            self.connection.send(message if isinstance(message, bytes) else encode(message))

    def run(self, output: bytes = b"$ ") -> None:
        """The weaver runs and its shell shows a prompt."""
        self.say(Status("running", "driver"), output)

    def read(self) -> None:
        """Take one message from the client."""
        message = self.connection.recv(timeout=DEADLINE)
        if isinstance(message, bytes):
            self.typed += message
        elif isinstance(size := decode_client(message), Resize):
            self.sizes.append(size)

    def cut(self) -> None:
        """The connection breaks, without a word."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)

    def until_typed(self, expected: bytes) -> None:
        while expected not in self.typed:
            self.read()

    def until_sized(self, rows: int, cols: int) -> None:
        while Resize(rows, cols) not in self.sizes:
            self.read()


@contextmanager
def relay_server(tls: ssl.SSLContext | None = None) -> Iterator[Relay]:
    relay = Relay()
    server: Server = serve(
        relay.handle,
        "127.0.0.1",
        0,
        subprotocols=[SUBPROTOCOL_V2],  # type: ignore[list-item]
        process_request=relay.admit,
        compression=None,
        ssl=tls,
        close_timeout=1,
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    relay.url = (
        f"{'wss' if tls else 'ws'}://127.0.0.1:{server.socket.getsockname()[1]}/api/weaver/{WEAVER['id']}/attach"
    )
    try:
        yield relay
    finally:
        server.shutdown()
        thread.join()
