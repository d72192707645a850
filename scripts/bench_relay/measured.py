"""How quick one stream is, and pairs of them: one after the other, again and again, so that a busy moment hits both."""

import asyncio
import itertools
import sys
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from scripts.bench_relay.streams import Stream

#: What a container runs that gives back each key.
ECHO: Final = ("sh", "-c", "stty raw -echo; exec cat")
#: What a container runs that writes as many bytes of text lines as a line says, at so many a second at most, and then a mark.
END: Final = b"THE-END"
FLOOD: Final = (
    sys.executable,
    "-c",
    """
import os, sys, time, tty
tty.setraw(0)
lines = b"".join(b"%07d the quick brown fox jumps over the lazy dog, and does so all day\\r\\n" % n for n in range(900))
block = lines[:65536]
for line in sys.stdin:
    size, rate = map(float, line.split())
    began, written = time.monotonic(), 0
    while written < size:
        time.sleep(max(0.0, began + written / rate - time.monotonic()))
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(1, rest):]
        written += len(block)
    os.write(1, b"THE-END")
""",
)
_DEADLINE: Final = 120.0
#: Bytes: longer than any mark, and enough to see what went wrong.
_KEPT: Final = 300
_marks = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Echo:
    """Of single keys, in seconds."""

    p50: float
    p99: float


def spread(times: list[float]) -> Echo:
    """The two figures of many."""
    return Echo(median(times), quantiles(times, n=100)[98])


@dataclass(frozen=True, slots=True)
class Pair:
    """The relay (or ``loom``) and what it is compared with, medians; ``ratio`` is the median of what the rounds gave."""

    relay: float
    other: float
    ratio: float


def pair(rounds: list[tuple[float, float]]) -> Pair:
    """Of rounds in turns."""
    ratio = median(one / other for one, other in rounds)
    return Pair(median(one for one, _ in rounds), median(other for _, other in rounds), ratio)


async def ready(stream: Stream) -> None:
    """Until the stream gives back what is typed, and has nothing else to say."""
    mark = b"<mark-%d>" % next(_marks)
    await stream.send(mark)
    await until(stream, mark)


async def until(stream: Stream, mark: bytes) -> int:
    """Takes output until ``mark``; how many bytes that were. Raises RuntimeError when it ends before that."""
    tail, count = b"", 0
    async with asyncio.timeout(_DEADLINE):
        while mark not in tail:
            try:
                data = await stream.receive()
            except EOFError as error:
                raise RuntimeError(f"it ended with {tail!r}") from error
            count += len(data)
            tail = tail[-_KEPT:] + data
    return count


async def echoes(stream: Stream, keys: int, pause: float = 0.0) -> list[float]:
    """Seconds from sending a key to receiving it, one after the other."""
    times = []
    for _ in range(keys):
        started = time.perf_counter()
        await stream.send(b"x")
        await stream.receive()
        times.append(time.perf_counter() - started)
        if pause:
            await asyncio.sleep(pause)
    return times


@dataclass(frozen=True, slots=True)
class Flood:
    """MB/s of what was written, until its end was shown, and of what came: less when a slow viewer was repainted instead."""

    shown: float
    received: float


async def flood(stream: Stream, size: int, rate: float) -> Flood:
    """``size`` bytes of text lines, written at most at ``rate`` bytes a second."""
    started = time.perf_counter()
    await stream.send(b"%d %d\n" % (size, rate))
    received = await until(stream, END)
    seconds = time.perf_counter() - started
    return Flood(size / seconds / 1e6, received / seconds / 1e6)
