"""The end of a pod, as everything that waits for something in it hears of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stop:
    """The pod has to end. ``grace`` is None when nothing may be written about it any more: kill at once.

    ``reason`` and ``message`` are the pod's, when the node ends it by itself: ``DeadlineExceeded``, ``Evicted``."""

    grace: float | None
    reason: str | None = None
    message: str | None = None


class Stopped(Exception):
    """The pod has to end; its containers have ended already."""


class Stopping:
    """The first stop counts, as with the kubelet."""

    def __init__(self) -> None:
        self._asked: asyncio.Future[Stop] = asyncio.get_running_loop().create_future()

    @property
    def stop(self) -> Stop | None:
        return self._asked.result() if self._asked.done() else None

    def ask(self, stop: Stop) -> bool:
        """Whether this is the first."""
        if self._asked.done():
            return False
        self._asked.set_result(stop)
        return True

    async def unless(self, coroutine: "Coroutine[Any, Any, _T] | asyncio.Future[_T]") -> _T:
        """Its result. Raises Stopped when the pod has to end first."""
        waiting: asyncio.Future[_T] = asyncio.ensure_future(coroutine)
        both: set[asyncio.Future[Any]] = {waiting, self._asked}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            waiting.cancel()
            raise
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        raise Stopped
