"""Real threads that begin at the same instant, and a fake that stands them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.errors import WeaverError
from tests.chalicelib.fakes import AnswerT, FakeCluster, Method

#: Seconds until threads that wait for one another fail: that is a defect of a test.
DEADLINE = 60


def at_once(works: Sequence[Callable[[], object]]) -> list[object]:
    """What each work answered or was refused with; each has a thread of its own. Any other exception is raised."""
    gate = threading.Barrier(len(works), timeout=DEADLINE)

    def through(work: Callable[[], object]) -> object:
        gate.wait()
        try:
            return work()
        except WeaverError as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(through, work) for work in works]
    return [one.result() for one in running]


@dataclass
class AtomicCluster(FakeCluster):
    """Each call from any of many threads is atomic, as it is for a server."""

    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _called(self, method: Method, work: Callable[[], AnswerT]) -> AnswerT:
        with self._lock:
            return super()._called(method, work)


class Meeting:
    """A watcher of a World that lets two threads go on together from ``moments``, where each comes for the first time.

    ``then`` is where they meet again.
    """

    def __init__(self, *moments: str, then: "Meeting | None" = None) -> None:
        self._awaited = list(moments)
        self._lock = threading.Lock()
        self._gate = threading.Barrier(2, timeout=DEADLINE)
        self._then = then

    def __call__(self, moment: str, args: tuple[Any, ...]) -> None:
        with self._lock:
            awaited = moment in self._awaited
            if awaited:
                self._awaited.remove(moment)
        if awaited:
            self._gate.wait()
        if self._then:
            self._then(moment, args)
