"""A connection to a cluster that is kept, and made anew when it is old or seems to be wrong."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

from chalicelib.adapters.deadline import left
from chalicelib.adapters.kubernetes.connection import Connection
from chalicelib.domain.errors import ClusterError, ClusterTimeout

#: Seconds after which what AWS said of a cluster is asked for again: a secret may have been changed meanwhile.
KEPT: Final = 300.0
#: Seconds for which a new connection is not doubted: a cluster that refuses everybody must not become a flood of questions to AWS.
_NOT_DOUBTED: Final = 30.0
#: Seconds that a thread waits for another one that connects, where no deadline is set.
_WAIT: Final = 30.0


class Kept:
    """The connection that ``connect`` makes, on first use and ``seconds`` after that again; many threads may use it.

    When it cannot be made anew, the old one goes on: that AWS does not answer is no reason to leave a cluster that does.
    """

    def __init__(
        self, connect: Callable[[], Connection], seconds: float = math.inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect, self._seconds, self._clock = connect, seconds, clock
        self._connection: Connection | None = None
        self._made = self._until = -math.inf
        self._lock = RLock()

    def __call__(self) -> Connection:
        """Raises ClusterError, ClusterTimeout."""
        with self._locked():
            if self._connection is None or self._clock() >= self._until:
                self._connection = self._anew(self._connection)
                self._made = self._clock()
                self._until = self._made + self._seconds
            return self._connection

    def doubt(self, connection: Connection) -> bool:
        """``connection`` failed, or was refused. True when another one is to be had, which the next call gives."""
        with self._locked():
            if connection is not self._connection:
                return True  # somebody else had the same trouble
            if self._seconds == math.inf or self._clock() < self._made + _NOT_DOUBTED:
                return False
            self._until = -math.inf
            return True

    def _anew(self, old: Connection | None) -> Connection:
        try:
            return self._connect()
        except (ClusterError, ClusterTimeout):
            if old is None:
                raise
            return old

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=min(left(), _WAIT)):
            raise ClusterTimeout("there was no time left to ask where the cluster is")
        try:
            yield
        finally:
            self._lock.release()
