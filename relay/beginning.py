"""The beginning of an attach stream, while it is found out what the terminal showed before."""

import asyncio
from typing import Final

#: Bytes that wait; then the stream does.
_LIMIT: Final = 1024 * 1024
#: Seconds a mark may take to come, after what it marks the end of.
_MARK_WITHIN: Final = 2.0


class Beginning:
    """``data`` is what the stream brought so far, or what of it comes after the mark."""

    def __init__(self) -> None:
        self._early = bytearray()
        self._mark = b""  # looked for
        self._marked = False
        self._looked = asyncio.Event()  # it was found, or never will be
        self._room = asyncio.Event()  # the stream need not wait

    @property
    def data(self) -> bytes:
        return bytes(self._early)

    async def take(self, data: bytes) -> None:
        """The stream goes on. Returns when there is room for more."""
        self._early += data
        if self._mark:
            self._look()
        elif len(self._early) > _LIMIT:
            await self._room.wait()

    async def cut(self, mark: bytes) -> bool:
        """Wait until ``mark`` comes, and forget everything before it. False when it does not."""
        self._mark = mark
        self._look()
        self._room.set()
        try:
            async with asyncio.timeout(_MARK_WITHIN):
                await self._looked.wait()
        except TimeoutError:
            return False
        finally:
            self._mark = b""
        return self._marked

    def end(self) -> None:
        """There will be no more, or it is not needed any more."""
        self._room.set()
        self._looked.set()

    def _look(self) -> None:
        """What is before the mark is known otherwise: it need not be kept."""
        at = self._early.find(self._mark)
        if at >= 0:
            del self._early[: at + len(self._mark)]
            self._mark = b""
            self._marked = True
            self._looked.set()
        else:
            del self._early[: -len(self._mark)]
