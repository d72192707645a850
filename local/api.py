"""The Chalice app on this machine: what API Gateway and EventBridge do around it, with its own code unchanged.

``python -m local.api --fd N --state DIR`` serves on the listening socket N; DIR holds ``tokens.json``, a list of
``{"token": …, "principal": {…}}`` to make known. Prints ``ready URL``.
"""

import argparse
import functools
import itertools
import json
import logging
import socket
import threading
import time
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from chalice import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LambdaContext, LocalChalice, LocalGatewayException

from app import app
from chalicelib.api.errors import envelope
from chalicelib.bootstrap import control_plane
from chalicelib.domain.permissions import Principal
from chalicelib.services.authenticate import token_hash

#: Bytes: API Gateway's own limit.
_LARGEST_BODY: Final = 10 * 2**20


class GatewayHandler(ChaliceRequestHandler):
    """API Gateway's part, with its own errors in our envelope, as the stack's gateway responses are."""

    timeout = 75  # seconds that a kept-open connection may be idle

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
        """Methods that Chalice's handler does not know come to the app as well, which answers 405."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What Python's server refuses by itself: a request line or headers that are none."""
        self.close_connection = True
        self._refuse(HTTPStatus(code), "invalid_request", message or explain or "")

    def _send_error_response(self, _error: LocalGatewayException) -> None:
        path = self.path.partition("?")[0]
        self._refuse(HTTPStatus.NOT_FOUND, "not_found", f"there is nothing at {path}")

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        self._send_http_response(status, {}, json.dumps(envelope(code, message)))

    def log_message(self, *args: object) -> None:
        """Quiet: the app logs its requests itself."""


class Server(ThreadingHTTPServer):
    """Serves on a socket that was bound before this process began, so that its URL is known to the other parts."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, handler: Any) -> None:
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening


def tick_every(seconds: float, local_app: Chalice) -> None:
    """EventBridge's part: starts the sweep, for ever."""
    for number in itertools.count(1):
        time.sleep(seconds)
        event = {
            "version": "0",
            "account": "000000000000",
            "region": "local",
            "detail": {},
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": str(number),
            "resources": [],
        }
        try:
            local_app.handler_map["sweep"](event, LambdaContext("sweep", memory_size=256))
        except Exception:  # as in Lambda: whatever it was is logged, and the next tick comes
            logging.getLogger("chalicelib").exception("the sweep failed")


def prepare(state: Path) -> None:
    """Makes the table and the tokens known: on AWS, the stack's and an admin's work."""
    plane = control_plane()
    plane.table.create()
    for entry in json.loads((state / "tokens.json").read_text()):
        plane.tokens.add(token_hash(entry["token"]), Principal(**entry["principal"]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.api")
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--tick", type=float, default=60, help="seconds between sweeps")
    arguments = parser.parse_args()
    prepare(arguments.state)
    app.__class__ = LocalChalice  # its current request is a thread's own, as `chalice local` has it
    handler = functools.partial(GatewayHandler, app_object=app, config=Config.create(lambda_timeout=29))
    server = Server(socket.socket(fileno=arguments.fd), handler)
    threading.Thread(target=tick_every, args=(arguments.tick, app), daemon=True).start()
    host, port = server.socket.getsockname()[:2]
    print(f"ready http://{host}:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
