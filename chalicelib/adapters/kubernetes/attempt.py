"""One attempt at a request to Kubernetes, and whether another one is worth it."""

import math
import random
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from chalicelib.adapters.deadline import left
from chalicelib.domain.errors import ClusterError, ClusterTimeout

#: Seconds to connect, to each of a name's addresses.
_CONNECT: Final = 3.0
_PAUSES: Final = (0.05, 0.25)  # seconds, between which a pause is drawn when the server names none


@dataclass(frozen=True, slots=True)
class Attempt:
    """The answer, or why there is none."""

    answer: urllib3.BaseHTTPResponse | None = None
    error: urllib3.exceptions.HTTPError | None = None

    @property
    def pause(self) -> float:
        """Seconds after which the same request may succeed; infinity when it would not, or the time is up anyway.

        As client-go does: what is answered 429, or 5xx with Retry-After, is repeated. So is what a broken connection took.
        """
        if self.answer is None:
            broken = isinstance(self.error, urllib3.exceptions.ProtocolError | urllib3.exceptions.NewConnectionError)
            return random.uniform(*_PAUSES) if broken else math.inf  # noqa: S311  # jitter, not a secret
        told = self.answer.headers.get("Retry-After", "")
        if self.answer.status in (429, 503) or (self.answer.status >= 500 and told):
            return random.uniform(*_PAUSES) + (float(told) if told.isdecimal() else 0)  # noqa: S311
        return math.inf

    @property
    def undone(self) -> bool:
        """Certain that the server did nothing: it refused to begin (429), or was not there."""
        if self.answer is None:
            return isinstance(self.error, urllib3.exceptions.NewConnectionError)
        return self.answer.status == 429

    def answered(self) -> urllib3.BaseHTTPResponse:
        """Raises ClusterTimeout, ClusterError."""
        if self.answer is not None:
            return self.answer
        error = self.error or urllib3.exceptions.HTTPError("no answer")
        timed_out = isinstance(error, urllib3.exceptions.TimeoutError)
        if timed_out and not isinstance(error, urllib3.exceptions.NewConnectionError):  # urllib3 has it under timeouts
            raise ClusterTimeout("Kubernetes did not answer in time") from error
        raise ClusterError(f"Kubernetes cannot be reached: {_cause(error)}") from error


def attempt(pool: urllib3.PoolManager, method: str, url: str, **request: Any) -> Attempt:
    """Sends it, with what is left of the time. Raises ClusterTimeout when nothing is."""
    if not (remaining := left()):
        raise ClusterTimeout("there was no time left to ask Kubernetes")
    timeout = urllib3.Timeout(connect=min(_CONNECT, remaining), read=remaining)
    try:
        return Attempt(answer=pool.request(method, url, timeout=timeout, retries=False, **request))
    except urllib3.exceptions.HTTPError as error:
        return Attempt(error=error)


def _cause(error: BaseException) -> str:
    """The innermost words: urllib3 wraps them in object addresses."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
