"""The laptop edition's API Gateway, over sockets: what it refuses by itself, and what it hands to the app."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from chalice import Chalice
from chalice.local import LocalChalice

from chalicelib.api.errors import own_envelope
from local.gateway import GatewayHandler, Server


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    app = Chalice("echo")
    app.register_middleware(own_envelope, "http")

    @app.route("/things/{name}", methods=["GET", "POST"])
    def thing(name: str) -> dict[str, Any]:
        request = app.current_request
        assert request
        return {"name": name, "body": request.raw_body.decode() if isinstance(request.raw_body, bytes) else None}

    app.__class__ = LocalChalice
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(listening, partial(GatewayHandler, app))
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield listening.getsockname()[:2]
    server.shutdown()
    serving.join()
    server.server_close()


class Connection:
    """One connection that is kept open. An answer is its status, its JSON (None when empty) and its headers."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=30)

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, Any]:
        self._connection.putrequest(method, path, skip_accept_encoding=True)
        for name, text in ({"Content-Length": str(len(body))} if body else {}).items() | headers.items():
            self._connection.putheader(name.replace("_", "-"), text.encode())
        self._connection.endheaders(body)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None, answer.headers

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def ask(address: tuple[str, int]) -> Iterator[Connection]:
    connection = Connection(address)
    yield connection
    connection.close()


def raw(address: tuple[str, int], sent: bytes) -> bytes:
    """All that is answered until the server closes."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        return b"".join(iter(partial(connection.recv, 65536), b""))


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("plain", "plain"),
        ("a%20b%2Fc", "a b/c"),
        ("caf%C3%A9", "café"),
        ("%00", "\0"),
        ("%ff", "\ufffd"),
        ("%zz%", "%zz%"),
        ("%2525", "%25"),
        ("slash/", "slash"),
    ],
)
def test_path_parameters_come_decoded_once(ask: Connection, sent: str, name: str):
    assert ask("GET", f"/things/{sent}")[:2] == (200, {"name": name, "body": ""})


def test_head_has_no_body_that_would_be_taken_for_the_next_answer(ask: Connection):
    status, body, headers = ask("HEAD", "/things/x")
    assert (status, body, headers["Allow"]) == (405, None, "GET, POST")
    assert ask("GET", "/things/y")[1]["name"] == "y"


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "BREW"])
def test_methods_that_a_path_has_not(ask: Connection, method: str):
    status, body, headers = ask(method, "/things/x")
    assert (status, body["error"]["code"], headers["Allow"]) == (405, "method_not_allowed", "GET, POST")
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/things", "/things/a/b", "//things/x/y", "*", "/" + "x" * 9000])
def test_paths_that_there_are_not(ask: Connection, path: str):
    for authorization in ("Bearer x", "Bearer é"):
        status, body, _ = ask("GET", path, Authorization=authorization)
        assert (status, body["error"]["code"]) == (404, "not_found")
        assert len(body["error"]["message"]) < 300


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Transfer_Encoding": "chunked"}, 411, "invalid_request"),
        ({"Content_Length": "-1"}, 411, "invalid_request"),
        ({"Content_Length": "²"}, 411, "invalid_request"),
        ({"Content_Length": "10485761"}, 413, "body_too_large"),
        ({"Content_Length": "9" * 500}, 413, "body_too_large"),
        ({"X_Long": "x" * 70_000}, 431, "invalid_request"),
        ({f"X_{number}": "x" for number in range(120)}, 431, "invalid_request"),
    ],
)
def test_requests_whose_end_is_unknown_or_too_far(ask: Connection, headers: dict[str, str], status: int, code: str):
    answered, body, told = ask("POST", "/things/x", None, **headers)
    assert (answered, body["error"]["code"], told["Connection"]) == (status, code, "close")


@pytest.mark.parametrize(
    "line", [b"GET", b"GET /things/x HTTP/9.9", b"\xff\xfe\x00", b"GET " + b"/" * 70_000 + b" HTTP/1.1"]
)
def test_what_is_not_even_a_request(address: tuple[str, int], line: bytes):
    head, _, body = raw(address, line + b"\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
    assert b" 4" in head.splitlines()[0] or b" 505" in head.splitlines()[0], head
    assert json.loads(body)["error"]["code"] == "invalid_request"


def test_a_url_that_is_none_is_nowhere(address: tuple[str, int]):
    assert b" 404 " in raw(address, b"GET http://[/things/x HTTP/1.1\r\nConnection: close\r\n\r\n").splitlines()[0]


def test_bodies_come_whole(ask: Connection):
    assert ask("POST", "/things/x", b"\xc3\xa9" * 100_000)[1]["body"] == "é" * 100_000
