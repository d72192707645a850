"""The log of a container on the node, in the CRI format that the kubelet reads.

https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md: each line is
``<RFC 3339 with nanoseconds> <stdout|stderr> <P|F> <text>``; ``P`` says that the line goes on in the next one.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

#: A line longer than this is written in pieces, as containerd does.
MAX_PIECE: Final = 16 * 1024
#: The kubelet's ``containerLogMaxSize``. One older file is kept beside the log, as ``<name>.1``.
MAX_SIZE: Final = 10 * 1024 * 1024

_STREAMS: Final = {1: b"stdout", 2: b"stderr"}
#: What ``terminationMessagePolicy: FallbackToLogsOnError`` shows at most.
_FALLBACK_LINES: Final = 80
_FALLBACK_BYTES: Final = 2048
#: What is read to find them: more than one longest piece.
_FALLBACK_WINDOW: Final = 3 * MAX_PIECE


class ContainerLog:
    """Takes output as it comes and writes whole lines. Readers that follow must open the file anew when it was rotated."""

    def __init__(self, path: Path, max_size: int = MAX_SIZE) -> None:
        self.path = path
        self._max_size = max_size
        self._rest = {1: b"", 2: b""}
        self._open()

    def write(self, channel: int, data: bytes) -> None:
        """``channel`` is 1 for stdout and terminals, 2 for stderr."""
        whole, newline, rest = (self._rest[channel] + data).rpartition(b"\n")
        start = _timestamp() + b" " + _STREAMS[channel] + b" "
        if newline:
            self._append(_lines(start, whole))
        long = len(rest) // MAX_PIECE * MAX_PIECE
        if long:
            self._append(b"".join(_piece(start, tag, text) for tag, text in _pieces(rest[:long], last=b"P")))
        self._rest[channel] = rest[long:]

    def close(self) -> None:
        """Writes the unfinished lines: nothing will finish them."""
        for channel, rest in self._rest.items():
            if rest:
                self._append(_piece(_timestamp() + b" " + _STREAMS[channel] + b" ", b"F", rest))
        os.close(self._file)

    def _append(self, data: bytes) -> None:
        if self._size and self._size + len(data) > self._max_size:
            self._rotate()
        self._size += len(data)
        while data:
            data = data[os.write(self._file, data) :]

    def _open(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._size = 0

    def _rotate(self) -> None:
        os.close(self._file)
        self.path.rename(f"{self.path}.1")
        self._open()


def last_output(path: Path) -> str:
    """The end of a log, for a termination message."""
    start = max(0, path.stat().st_size - _FALLBACK_WINDOW)
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").split("\n")
    whole = lines[1:-1] if start else lines[:-1]
    texts = [line.split(" ", 3)[2:] for line in whole[-_FALLBACK_LINES:]]
    output = "".join(text + ("\n" if tag == "F" else "") for tag, text in texts)
    return output.encode()[-_FALLBACK_BYTES:].decode(errors="ignore")


def _lines(start: bytes, text: bytes) -> bytes:
    """All lines of ``text``, which ends without a newline. One CR before each LF is the terminal's doing and dropped (recorded:
    ``logs/tty.json``). A flood of short lines is what makes this slow, so where none is long nothing looks at single lines."""
    text = (text + b"\n").replace(b"\r\n", b"\n")[:-1]
    if _has_long_line(text):
        pieces = [piece for line in text.split(b"\n") for piece in _pieces(line, last=b"F")]
        return b"".join(_piece(start, tag, piece) for tag, piece in pieces)
    start += b"F "
    return start + text.replace(b"\n", b"\n" + start) + b"\n"


def _has_long_line(text: bytes) -> bool:
    begin = 0
    while len(text) - begin > MAX_PIECE:
        newline = text.rfind(b"\n", begin, begin + MAX_PIECE + 1)
        if newline < 0:
            return True
        begin = newline + 1
    return False


def _piece(start: bytes, tag: bytes, text: bytes) -> bytes:
    return start + tag + b" " + text + b"\n"


def _pieces(line: bytes, last: bytes) -> list[tuple[bytes, bytes]]:
    if len(line) <= MAX_PIECE:
        return [(last, line)]
    starts = range(0, len(line), MAX_PIECE)
    return [(last if start + MAX_PIECE >= len(line) else b"P", line[start : start + MAX_PIECE]) for start in starts]


def _timestamp() -> bytes:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z".encode()
