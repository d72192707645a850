"""What can go wrong in ``loom``, as one tree. ``exit_code`` is the process's: 1 the user can mend it, 2 the user cannot.

::

    LoomError               2
    ├── UsageError          1  (what was typed or configured)
    ├── ApiError            1 for HTTP 4xx, 2 for 5xx and for 401: a login that is not known is not mended by retyping
    ├── ConnectionFailed    2  (no answer from the API or the relay)
    ├── ConnectionLost      2  (a connection to the relay that broke)
    ├── TimedOut            2  (what was waited for did not come in time)
    └── ProtocolError       2  (an answer that no version of ours gives)
"""

from collections.abc import Mapping
from typing import Any

from loom.printable import printable

#: Those of HTTP 4xx that another attempt may not get: a timeout, too early, too many requests.
_PASSING = frozenset({408, 425, 429})


class LoomError(Exception):
    """One line for the person at the terminal; ``code`` for a program. ``passing``: asking again later may go better."""

    code = "failed"
    exit_code = 2
    passing = False


class UsageError(LoomError):
    """Something the user typed or configured; the message tells what to do instead."""

    exit_code = 1


class ApiError(LoomError):
    """The API or the relay refused. ``code`` is stable, ``details`` as the server gave them, ``status`` HTTP's."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(printable(message) or code)
        self.status = status
        self.code = code
        self.details = details or {}
        self.exit_code = 1 if 400 <= status < 500 and status != 401 else 2
        self.passing = not 400 <= status < 500 or status in _PASSING


class ConnectionFailed(LoomError):
    """The API or the relay could not be reached or did not answer."""

    code = "unreachable"
    passing = True


class ConnectionLost(LoomError):
    """A connection to the relay broke without the relay having said why."""


class TimedOut(LoomError):
    """What was waited for did not come in time; it may come yet."""

    code = "timeout"


class ProtocolError(LoomError):
    """The server said something this version does not understand; often a load balancer, while it has no server."""

    code = "not_understood"
    passing = True
