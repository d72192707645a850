"""JSON over HTTP with the standard library: one connection kept alive, errors translated, lost connections retried.

``http.client`` and not a library: it is what makes the whole command start in 70 ms.
"""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from loom import __version__
from loom.client.config import Config
from loom.client.errors import ApiError, ConnectionFailed, ProtocolError
from loom.client.trust import tls_context

#: Seconds until an answer: API Gateway gives up on the server after 29.
TIMEOUT = 35.0
#: Every request can be repeated: GET and DELETE are idempotent, and POST carries an Idempotency-Key where that matters.
_PAUSES_BEFORE_RETRY = (0.2, 0.8)
_MAX_BODY = 64 * 2**20

_Connection = http.client.HTTPConnection
_Answer = tuple[int, str, bytes]
#: What is waited for, to a context that lasts as long as the wait.
Telling = Callable[[str], AbstractContextManager[None]]


class HttpClient:
    """Requests to one server, called ``server``, as one principal, or none. ``timeout`` in seconds for each answer.

    What is waited for stands in the context that ``telling`` makes.
    """

    def __init__(self, config: Config, telling: Telling, *, timeout: float = TIMEOUT, server: str = "the API") -> None:
        self._config = config
        self._telling = telling
        self._name = f"{server} at {config.url}"
        self._base = urlsplit(config.url)
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._ahead: tuple[_Connection, str, str, bytes | None] | None = None  # sent, and its answer not yet read
        #: Whether to read all of the system's: once those that are quickly found did not do.
        self._all_certificates = False

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        also: int | None = None,
    ) -> Any:
        """The decoded JSON answer, None for an empty one; one of HTTP status ``also`` is an answer beside those of 2xx.

        Raises ApiError, ConnectionFailed, ProtocolError.
        """
        payload = None if body is None else json.dumps(body).encode()
        for pause in (*_PAUSES_BEFORE_RETRY, None):
            try:
                with self._telling(self._name):
                    status, reason, content = self._exchange(method, path, payload, headers or {})
                return self._decoded(status, reason, content, status == also or 200 <= status < 300)
            except ConnectionError as error:
                self.close()
                if pause is None or isinstance(error, ConnectionRefusedError):
                    raise self._failed(error) from error
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if isinstance(error, ssl.SSLCertVerificationError) and not self._all_certificates:
                    self._all_certificates = True
                    return self.request(method, path, body, headers, also)
                raise self._failed(error) from error
            except ApiError as error:
                if pause is None or error.code != "retry_later":
                    raise
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def send_ahead(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Send the request that is made next, without waiting for its answer. What goes wrong here goes wrong again then."""
        payload = json.dumps(body).encode()
        try:
            with self._telling(self._name):
                self._ahead = (self._send(method, path, payload, {}), method, path, payload)
        except (OSError, http.client.HTTPException):
            self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str]) -> _Answer:
        ahead, self._ahead = self._ahead, None
        if ahead and ahead[1:] == (method, path, payload):
            connection = ahead[0]
        else:
            if ahead:  # its answer would be taken for this one's
                self.close()
            connection = self._send(method, path, payload, headers)
        with connection.getresponse() as response:
            return response.status, response.reason, response.read(_MAX_BODY)

    def _send(self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str]) -> _Connection:
        connection = self._connection = self._connection or self._connect()
        all_headers = {
            **({"Authorization": f"Bearer {self._config.token}"} if self._config.token else {}),
            "Accept": "application/json",
            "User-Agent": f"loom/{__version__}",
            "Loom-Via": self._config.via,
            **({"Content-Type": "application/json"} if payload is not None else {}),
            **headers,
        }
        connection.request(method, self._base.path + path, payload, all_headers)
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        host, port, timeout = self._base.hostname or "", self._base.port, self._timeout
        if self._base.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        context = tls_context(everything=self._all_certificates)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)

    def _decoded(self, status: int, reason: str, payload: bytes, wanted: bool) -> Any:
        if wanted and not payload:
            return None
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if wanted and answer is not None:
            return answer
        error = api_error(status, answer)
        if error and status == HTTPStatus.UNAUTHORIZED:
            text = f"{self._name} refused the token: {error}; see: loom config"
            raise ApiError(status, error.code, text, error.details)
        raise error or self._foreign(status, reason)

    def _foreign(self, status: int, reason: str) -> Exception:
        """An answer that is not ours: a proxy's page, or another server altogether."""
        told = f"{self._config.url} answered {status} {reason}, and not as a Loom API would"
        return ProtocolError(f"{told}; is the URL right?")

    def _failed(self, error: Exception) -> ConnectionFailed:
        return ConnectionFailed(f"{self._name} cannot be reached: {reason_of(error)}")


def api_error(status: int, answer: Any) -> ApiError | None:
    """The error that an answer's envelope ``{"error": {"code", "message", "details"}}`` tells, None if it is none."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        return None
    details = error.get("details")
    message = str(error.get("message") or "")
    return ApiError(status, error["code"], message, details if isinstance(details, dict) else None)


def reason_of(error: Exception) -> str:
    """Why a connection failed, in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
