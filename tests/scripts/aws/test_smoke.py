"""What a deployment could answer that the laptop edition does not; all else of ``make smoke`` is in tests/e2e/test_smoke.py."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from loom.client.config import Config
from loom.client.errors import LoomError
from scripts.aws.smoke import refused_cleanly

TOKEN = "loom_secret-of-alice"
NOT_FOUND = {"error": {"code": "not_found", "message": "there is no such path", "details": {}}}


@contextmanager
def answering(status: int, body: Mapping[str, object]) -> Iterator[Config]:
    """An API that answers every GET so; AUTHORIZATION in the body becomes what came in that header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            payload = json.dumps(body).replace("AUTHORIZATION", self.headers["Authorization"]).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Config(f"http://127.0.0.1:{server.server_port}/v1", TOKEN)
        finally:
            server.shutdown()
            thread.join()


def test_an_answer_as_it_should_be():
    with answering(404, NOT_FOUND) as config:
        refused_cleanly(config)


#: What API Gateway says of an Authorization that it takes for a signature of AWS's: IncompleteSignatureException.
ECHO = "Invalid key=value pair (missing equal-sign) in Authorization header: 'AUTHORIZATION'."


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, {"error": {"code": "forbidden", "message": ECHO, "details": {}}}, "has the token in it"),
        (404, {"error": {**NOT_FOUND["error"], "details": {"header": ECHO}}}, "has the token in it"),
        (403, {"message": ECHO}, "not as a Loom API would"),
        (403, {"message": "Missing Authentication Token"}, "not as a Loom API would"),
        (403, {"error": {"code": "forbidden", "message": "no"}}, "was answered 403 forbidden: no"),
        (200, {}, "as if it were there"),
    ],
)
def test_what_is_found_out(status: int, body: Mapping[str, object], said: str):
    with answering(status, body) as config, pytest.raises(LoomError, match=said) as raised:
        refused_cleanly(config)
    assert TOKEN not in str(raised.value)
