"""Thousands of sessions at one relay: what each costs in memory, and whether those who type notice the others."""

import asyncio
import gc
import os
import random
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import uvloop
from aiohttp import web

from local.supervisor import Supervisor
from loom.wire import SUBPROTOCOL_V2, encode
from scripts.bench_relay.measured import Echo, echoes, ready, spread
from scripts.bench_relay.streams import SIZE, Relayed, Stream
from tests.relay.control_plane import ControlPlane

_SESSIONS: Final = 2_000
_TYPING: Final = 500
#: Keys a second of each who types, and for how long.
_KEYS: Final = 5.0
_SECONDS: Final = 10.0
#: Sessions that are opened at the same time.
_AT_ONCE: Final = 50
_USERS: Final = 10
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


@dataclass(frozen=True, slots=True)
class _Relay:
    url: str
    process: int
    control_plane: ControlPlane
    http: aiohttp.ClientSession

    async def session(self, stack: AsyncExitStack, number: int) -> Stream:
        weaver_id = str(uuid.UUID(int=(1 << 100) + number))
        ticket = self.control_plane.ticket(weaver_id, sub=f"user-{number % _USERS}")
        websocket = await stack.enter_async_context(
            self.http.ws_connect(
                f"{self.url}/api/weaver/{weaver_id}/attach",
                headers={"Authorization": f"Bearer {ticket}"},
                protocols=[SUBPROTOCOL_V2],
            )
        )
        await websocket.send_str(encode(SIZE))
        stream = Relayed(websocket)
        await ready(stream)
        return stream

    def memory(self) -> float:
        """KiB that are the process's in real memory (proc(5): VmRSS)."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process}/schedstat").read_text().split()  # nanoseconds on a processor come first
        return int(fields[0]) / 1e9


def crowd(sessions: int = _SESSIONS, typing: int = _TYPING) -> Crowd:
    """``sessions`` attached, of which ``typing`` then type."""
    return uvloop.run(_crowd(sessions, typing))


async def _crowd(sessions: int, typing: int) -> Crowd:
    async with _relay() as relay, AsyncExitStack() as stack:
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


async def _idle(relay: _Relay) -> float:
    await asyncio.sleep(2)  # acknowledgements and the like
    began, taken = time.perf_counter(), relay.processor_seconds()
    await asyncio.sleep(5)
    return (relay.processor_seconds() - taken) / (time.perf_counter() - began)


async def _types(stream: Stream) -> list[float]:
    """Keys at random times: at equal ones, keys that once had to wait for each other would come together ever after."""
    times = []
    for _ in range(int(_SECONDS * _KEYS)):
        await asyncio.sleep(random.expovariate(_KEYS))  # noqa: S311
        times += await echoes(stream, 1)
    return times


@asynccontextmanager
async def _relay() -> AsyncIterator[_Relay]:
    control_plane = ControlPlane()
    runner = web.AppRunner(control_plane.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with tempfile.TemporaryDirectory(prefix="weavers-bench-") as name:
            kubeconfig = Path(name, "kubeconfig")
            async with Supervisor(Path(name, "logs"), lambda _text: None) as supervisor:
                await supervisor.start("upstream", "scripts.bench_relay.upstream", str(kubeconfig))
                env = {
                    "LOOM_SERVER_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
                    "LOOM_KUBECONFIG": str(kubeconfig),
                    "LOOM_RELAY_LISTEN": "127.0.0.1:0",
                }
                relay = await supervisor.start("relay", "relay", env=env)
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                    yield _Relay(relay.url, relay.process.pid, control_plane, http)
    finally:
        await runner.cleanup()
