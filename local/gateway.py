"""API Gateway's part on this machine: from HTTP to the event that the app takes, and what API Gateway refuses by itself.

Its own errors are in our envelope, as the stack's gateway responses are.
"""

import json
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote

from chalice import Chalice
from chalice.local import LambdaContext, LambdaEventConverter, RouteMatcher

from chalicelib.api.errors import envelope

#: Bytes: API Gateway's own limit.
_LARGEST_BODY: Final = 10 * 2**20
#: Seconds after which API Gateway gives up.
_TIME_LIMIT: Final = 29


class GatewayHandler(BaseHTTPRequestHandler):
    """One connection. Chalice's own handler would answer OPTIONS by itself, give HEAD a body, and trip over some headers."""

    protocol_version = default_request_version = "HTTP/1.1"
    timeout = 75  # seconds that a kept-open connection may be idle
    disable_nagle_algorithm = True  # else the body waits for the headers' acknowledgement: 40 ms
    wbufsize = -1  # headers and body in one piece

    def __init__(self, app: Chalice, *arguments: Any) -> None:
        self._app = app
        self._events = LambdaEventConverter(RouteMatcher(list(app.routes)), app.api.binary_types)
        super().__init__(*arguments)  # which serves the connection to its end

    def parse_request(self) -> bool:
        """False when the request was answered here: without a length, the body's end is unknown."""
        if not super().parse_request():
            return False
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "send the body with a Content-Length")
            return False
        if len(length) > len(str(_LARGEST_BODY)) or int(length) > _LARGEST_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {_LARGEST_BODY} bytes")
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        """Every method comes to the app, which answers 405 to those that it does not know."""
        if name.startswith("do_"):
            return self._ask
        raise AttributeError(name)

    def _ask(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))) or None
        try:
            event = self._events.create_lambda_event(self.command, self.path, dict(self.headers), body)
        except ValueError:  # no route, or not even a URL
            self._refuse(HTTPStatus.NOT_FOUND, "not_found", f"there is nothing at {self.path.partition('?')[0][:255]}")
            return
        event["pathParameters"] = {name: unquote(text) for name, text in event["pathParameters"].items()}
        context = LambdaContext("api", memory_size=256, max_runtime_ms=_TIME_LIMIT * 1000)
        response = self._app(event, context)
        self._respond(response["statusCode"], response["headers"], response["body"])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's server refuses by itself: a request line or headers that are none."""
        self.close_connection = True
        too_large = code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        error = "body_too_large" if too_large else "invalid_request"
        self._refuse(HTTPStatus(code), error, message or explain or "")

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        self._respond(status, {}, json.dumps(envelope(code, message)))

    def _respond(self, status: int, headers: Mapping[str, str], body: str) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json", **headers} if content else headers).items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:  # RFC 9110 §8.6
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":  # RFC 9110 §9.3.2: it would be taken for the next answer
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Quiet: the app logs its requests itself."""


class Server(ThreadingHTTPServer):
    """Serves on a socket that was bound before this process began, so that its URL is known to the other parts."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: Any) -> None:
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
