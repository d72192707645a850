"""How long the request in hand may still take, whatever servers do: those that never answer, and those that answer a byte a second.

A deadline is set around a request and, nearer, around each question that it asks. It holds for the thread that set it, and for
what that thread has others do by :func:`carried`.
"""

import http.client
import io
import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import urllib3
    from typing_extensions import Buffer

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)  # on the monotonic clock


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is asked in this block ends within ``seconds`` altogether, and within what was allowed around it."""
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


def left() -> float:
    """Seconds until the deadline, 0 when it is over, infinity when there is none."""
    return max(_ends.get() - time.monotonic(), 0.0)


def carried(work: Callable[[ItemT], ResultT]) -> Callable[[ItemT], ResultT]:
    """``work`` under the deadline of now, and what else belongs to the request in hand, whichever thread does it."""
    now = copy_context()
    return lambda item: now.copy().run(work, item)  # a context is for one thread at a time


def bound(manager: "urllib3.PoolManager") -> None:
    """From now on, ``manager`` reads no answer longer than until the deadline: urllib3's own timeouts count anew with each read."""
    classes: dict[str, Any] = dict(manager.pool_classes_by_scheme)
    for scheme, pool in classes.items():
        connection = type("Bounded", (pool.ConnectionCls,), {"response_class": _Response})
        classes[scheme] = type("BoundedPool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = classes


class _Response(http.client.HTTPResponse):
    """Its status, headers and body are read until the deadline of the moment it began. Then: TimeoutError."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reads(self.fp.detach(), sock))


class _Reads(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock, self._ends = raw, sock, _ends.get()
        self._each = math.inf if (timeout := sock.gettimeout()) is None else timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int | None:
        if self._ends < math.inf:
            remaining = self._ends - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the deadline is over")
            self._sock.settimeout(min(self._each, remaining))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
