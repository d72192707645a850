"""Thousands of sessions at one relay: what each costs in memory, and whether those who type notice the others."""

import asyncio
import gc
import os
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import uvloop

from scripts.bench_relay.alone import RelayAlone, relay_alone
from scripts.bench_relay.measured import Echo, echoes, spread
from scripts.bench_relay.streams import Stream

_SESSIONS: Final = 2_000
_TYPING: Final = 500
#: Keys a second of each who types, and for how long.
_KEYS: Final = 5.0
_SECONDS: Final = 10.0
#: Sessions that are opened at the same time.
_AT_ONCE: Final = 50
_SINGLE_KEYS: Final = 1_000
_SINGLE_PAUSE: Final = 0.005


@dataclass(frozen=True, slots=True)
class Crowd:
    """Echo of one session alone, and of those who type among all; KiB of the relay's memory that each session took;
    the share of a processor that the relay takes while all are idle; the machine's load average."""

    single: Echo
    many: Echo
    memory: float
    idle: float
    load: float
    sessions: int
    typing: int


def crowd(sessions: int = _SESSIONS, typing: int = _TYPING) -> Crowd:
    """``sessions`` attached, of which ``typing`` then type."""
    return uvloop.run(_crowd(sessions, typing))


async def _crowd(sessions: int, typing: int) -> Crowd:
    async with relay_alone() as relay, AsyncExitStack() as stack:
        alone = await relay.session(stack, 0)
        single = spread(await echoes(alone, _SINGLE_KEYS, _SINGLE_PAUSE))
        before = relay.memory()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int) -> Stream:
            async with gate:
                return await relay.session(stack, number)

        streams = await asyncio.gather(*(one(number) for number in range(1, sessions)))
        memory = (relay.memory() - before) / (sessions - 1)
        idle = await _idle(relay)
        gc.disable()  # a collection here would be measured as the relay's
        many = await asyncio.gather(*(_types(stream) for stream in streams[:typing]))
        return Crowd(
            single,
            spread([seconds for times in many for seconds in times]),
            memory,
            idle,
            os.getloadavg()[0],
            sessions,
            typing,
        )


async def _idle(relay: RelayAlone) -> float:
    await asyncio.sleep(2)  # acknowledgements and the like
    began, taken = time.perf_counter(), relay.processor_seconds()
    await asyncio.sleep(5)
    return (relay.processor_seconds() - taken) / (time.perf_counter() - began)


async def _types(stream: Stream) -> list[float]:
    """Keys at random times: at equal ones, keys that once had to wait for each other would come together ever after."""
    times = []
    for _ in range(int(_SECONDS * _KEYS)):
        await asyncio.sleep(random.expovariate(_KEYS))
        times += await echoes(stream, 1)
    return times
