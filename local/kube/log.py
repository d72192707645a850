"""``pods/log``: from the CRI log on the node to what clients read (``tests/recordings/kubernetes/logs``)."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import web

from local.kube import status
from local.kube.containers import container_state, is_scheduled, named_container
from local.kube.node import Node
from local.kube.objects import Object, utc_now
from local.kube.options import LogOptions

#: How long a line may wait before a follower sees it, in seconds. The kubelet would be told by inotify.
_POLL: Final = 0.05
_BLOCK: Final = 64 * 1024
_IMAGE_REASONS: Final = ("ErrImagePull", "ImagePullBackOff")


async def pod_log(request: web.Request, node: Node, pod: Object) -> web.StreamResponse:
    """200 with the log, or 204 when the pod has no node yet. Raises ApiError 400 and 422."""
    name = pod["metadata"]["name"]
    options = LogOptions.of(request.query, name)
    container = named_container(pod, options.container)
    if not is_scheduled(pod):
        return web.Response(status=204)
    if options.previous:
        raise status.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    path = node.log_path(pod, container)
    if path is None and "terminated" not in container_state(pod, container):
        raise _waiting(pod, container)
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    await response.prepare(request)
    if path is not None:
        async for data in _Log(path, options, node.log_ended(pod, container)).read():
            await response.write(data)
    return response


def _waiting(pod: Object, container: str) -> status.ApiError:
    waiting = container_state(pod, container).get("waiting", {})
    reason = waiting.get("reason", "ContainerCreating")
    why = "trying and failing to pull image" if reason in _IMAGE_REASONS else reason
    name = pod["metadata"]["name"]
    return status.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')


@dataclass(frozen=True, slots=True)
class _Piece:
    """One line of the file: ``whole`` when a line of the output ends here."""

    time: bytes
    whole: bool
    text: bytes

    @classmethod
    def of(cls, line: bytes) -> "_Piece":
        time, _stream, tag, text = line.rstrip(b"\n").split(b" ", 3)
        return cls(time, tag == b"F", text)


class _Log:
    def __init__(self, path: Path, options: LogOptions, ended: asyncio.Event) -> None:
        self._path = path
        self._options = options
        self._ended = ended
        self._since = _since(options)
        self._left = options.limit_bytes
        self._line_begins = True

    async def read(self) -> AsyncIterator[bytes]:
        """What the options ask for, in blocks; with ``follow`` until the container is over."""
        file: BinaryIO | None = self._path.open("rb")
        if self._options.tail_lines is not None and file is not None:
            file.seek(_tail_offset(file, self._options.tail_lines))
        while file is not None:
            with file:
                async for block in self._blocks(file):
                    if data := self._shown(block):
                        yield data
                    if self._left == 0:
                        return
                file = self._next_file(file)

    async def _blocks(self, file: BinaryIO) -> AsyncIterator[list[bytes]]:
        """Whole lines of one file, until it is over: rotated, or nothing more to come."""
        while True:
            # Asked before reading: what was written before the end is read.
            over = self._ended.is_set() or not self._options.follow or self._rotated(file)
            position = file.tell()
            if lines := file.readlines(_BLOCK):
                if not lines[-1].endswith(b"\n"):
                    file.seek(position + sum(map(len, lines[:-1])))
                    lines.pop()
                yield lines
            if not lines and over:
                return
            if not lines:
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL):
                await self._ended.wait()
        except TimeoutError:
            return

    def _rotated(self, file: BinaryIO) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return False  # between two names, or the pod is gone: its end will be told

    def _next_file(self, file: BinaryIO) -> BinaryIO | None:
        return self._path.open("rb") if self._options.follow and self._rotated(file) else None

    def _shown(self, lines: list[bytes]) -> bytes:
        shown = b"".join(self._piece(_Piece.of(line)) for line in lines)
        if self._left is None:
            return shown
        shown = shown[: self._left]
        self._left -= len(shown)
        return shown

    def _piece(self, piece: _Piece) -> bytes:
        if self._since is not None and piece.time < self._since:
            return b""
        stamp = piece.time + b" " if self._options.timestamps and self._line_begins else b""
        self._line_begins = piece.whole
        return stamp + piece.text + (b"\n" if piece.whole else b"")


def _since(options: LogOptions) -> bytes | None:
    """As the log writes its times, which sort as text."""
    since: datetime | None = options.since
    if options.since_seconds is not None:
        since = utc_now() - timedelta(seconds=min(options.since_seconds, 10**9))
    return f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z".encode() if since else None


def _tail_offset(file: BinaryIO, lines: int) -> int:
    """Where the last ``lines`` lines of the file begin."""
    position = file.seek(0, os.SEEK_END)
    wanted = lines + 1  # the newline before them
    while position > 0:
        start = max(0, position - _BLOCK)
        file.seek(start)
        block = file.read(position - start)
        if (count := block.count(b"\n")) >= wanted:
            for _ in range(wanted):
                block = block[: block.rindex(b"\n")]
            return start + len(block) + 1
        wanted -= count
        position = start
    return 0
