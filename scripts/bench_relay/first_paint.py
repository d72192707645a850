"""From starting ``loom attach`` to a painted screen with 2,000 lines of scrollback behind it, against one exec with kubectl."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

from local.edition import IMAGE, NAMESPACE
from scripts.bench_relay.measured import until
from scripts.bench_relay.stage import Stage
from scripts.bench_relay.streams import loom_attach, relayed
from scripts.kubectl import kubectl

_RUNS: Final = 9
_LAST: Final = b"line 2030 is the last"
#: 2,000 lines of scrollback and more, as a session's terminal has them.
_SCRIPT: Final = (
    'n=1; while [ $n -lt 2030 ]; do echo "line $n of what was written before anybody came"; n=$((n+1)); done; '
    'printf "line $n is the last"; exec sleep 100000'
)
_LINES: Final = ("loom", "session", "--", "sh", "-c", _SCRIPT)


@dataclass(frozen=True, slots=True)
class Painting:
    """Seconds, medians, of whole processes; the ratios are medians of pairs. *shared*: somebody else is there already."""

    shared: float
    shared_ratio: float
    first: float
    first_ratio: float
    kubectl: float


async def painting(stage: Stage) -> Painting:
    """Each attach beside one ``kubectl exec POD -- true``; the first pair warms up."""
    weaver_id = await stage.weaver(*_LINES, image=IMAGE)
    first, alone = await _pairs(stage, weaver_id)
    async with AsyncExitStack() as stack:
        await until(await stack.enter_async_context(relayed(stage, weaver_id)), _LAST)
        shared, beside = await _pairs(stage, weaver_id, shared=True)
    return Painting(
        shared=median(shared),
        shared_ratio=median(one / other for one, other in zip(shared, beside, strict=True)),
        first=median(first),
        first_ratio=median(one / other for one, other in zip(first, alone, strict=True)),
        kubectl=median(alone + beside),
    )


async def _pairs(stage: Stage, weaver_id: str, *, shared: bool = False) -> tuple[list[float], list[float]]:
    attaches, execs = [], []
    for _ in range(_RUNS + 1):
        if not shared:
            await stage.nobody_attached()
        attaches.append(await _attach(stage, weaver_id))
        execs.append(await _exec(stage, weaver_id))
    return attaches[1:], execs[1:]


async def _attach(stage: Stage, weaver_id: str) -> float:
    started = time.perf_counter()
    async with loom_attach(stage, weaver_id) as stream:
        await until(stream, _LAST)
        return time.perf_counter() - started


async def _exec(stage: Stage, weaver_id: str) -> float:
    words = (str(kubectl()), "-n", NAMESPACE, "exec", f"weaver-{weaver_id}", "--", "true")
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*words, env=stage.env, stderr=asyncio.subprocess.DEVNULL)
    if await process.wait():
        raise RuntimeError("kubectl exec failed")
    return time.perf_counter() - started
