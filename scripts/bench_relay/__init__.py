"""The relay beside what it stands in front of: the same pod's terminal through it, without it, and with kubectl."""

import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import uvloop

from scripts.bench_relay.first_paint import Painting, painting
from scripts.bench_relay.measured import ECHO, FLOOD, Echo, Flood, Pair, echoes, flood, pair, ready, spread
from scripts.bench_relay.stage import Stage, stage
from scripts.bench_relay.streams import Stream, kubectl_attach, loom_attach, raw, relayed

T = TypeVar("T")
#: One way to a weaver's terminal.
Way: TypeAlias = Callable[[Stage, str], AbstractAsyncContextManager[Stream]]

_ROUNDS: Final = 12
_KEYS: Final = 200
_FLOODS: Final = 3
_FLOOD: Final = 60_000_000
_PACE: Final = 100e6
_UNPACED: Final = 1e12
_PROGRAM_ROUNDS: Final = 2
_PROGRAM_FLOOD: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Streams:
    """Echo in seconds, floods in MB/s."""

    echo: Pair
    echo_p99: Pair
    paced: Pair
    unpaced: Pair
    stuck: Pair  # a viewer's beside one that takes nothing, and the same viewer's alone
    kubectl_echo: Pair  # whole programs on pseudo-terminals: loom attach, kubectl attach
    kubectl_flood: Pair
    painting: Painting
    load: float  # the machine's load average: processes that wanted one of its processors in the last minute


def streams() -> Streams:
    """What is measured at real pods: those of the laptop edition's node."""
    return uvloop.run(_streams())


async def _streams() -> Streams:
    async with stage() as here:
        echoing, flooding = await here.weaver(*ECHO), await here.weaver(*FLOOD)
        keys = await _rounds(_ROUNDS, lambda: _echo(here, relayed, echoing), lambda: _echo(here, raw, echoing))
        programs = await _rounds(
            _PROGRAM_ROUNDS, lambda: _echo(here, loom_attach, echoing), lambda: _echo(here, kubectl_attach, echoing)
        )
        floods = await _rounds(
            _PROGRAM_ROUNDS,
            lambda: _flood(here, loom_attach, flooding, _PROGRAM_FLOOD, _PACE),
            lambda: _flood(here, kubectl_attach, flooding, _PROGRAM_FLOOD, _PACE),
        )
        return Streams(
            echo=pair([(one.p50, other.p50) for one, other in keys]),
            echo_p99=pair([(one.p99, other.p99) for one, other in keys]),
            paced=await _floods(here, flooding, relayed, raw, _PACE),
            unpaced=await _floods(here, flooding, relayed, raw, _UNPACED),
            stuck=_received(
                await _rounds(
                    _FLOODS,
                    lambda: _beside_a_stuck_one(here, flooding),
                    lambda: _flood(here, relayed, flooding, _FLOOD, _PACE),
                )
            ),
            kubectl_echo=pair([(one.p50, other.p50) for one, other in programs]),
            kubectl_flood=pair([(one.shown, other.shown) for one, other in floods]),
            painting=await painting(here),
            load=os.getloadavg()[0],
        )


async def _rounds(count: int, one: Callable[[], Awaitable[T]], other: Callable[[], Awaitable[T]]) -> list[tuple[T, T]]:
    """Turn by turn; the first of them warms up."""
    return [(await one(), await other()) for _ in range(count + 1)][1:]


async def _floods(here: Stage, weaver_id: str, one: Way, other: Way, rate: float) -> Pair:
    return _received(
        await _rounds(
            _FLOODS,
            lambda: _flood(here, one, weaver_id, _FLOOD, rate),
            lambda: _flood(here, other, weaver_id, _FLOOD, rate),
        )
    )


async def _echo(here: Stage, way: Way, weaver_id: str) -> Echo:
    await here.nobody_attached()
    async with way(here, weaver_id) as stream:
        await ready(stream)
        return spread(await echoes(stream, _KEYS))


async def _flood(here: Stage, way: Way, weaver_id: str, size: int, rate: float) -> Flood:
    await here.nobody_attached()
    async with way(here, weaver_id) as stream:
        return await flood(stream, size, rate)


async def _beside_a_stuck_one(here: Stage, weaver_id: str) -> Flood:
    """What a viewer gets while another one takes nothing."""
    await here.nobody_attached()
    async with relayed(here, weaver_id) as stuck, relayed(here, weaver_id) as stream:
        await stuck.receive()
        return await flood(stream, _FLOOD, _PACE)


def _received(rounds: list[tuple[Flood, Flood]]) -> Pair:
    return pair([(one.received, other.received) for one, other in rounds])
