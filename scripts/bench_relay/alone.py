"""A relay without weavers: a stand-in gives back what is typed."""

import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from local.supervisor import Supervisor
from loom.wire import SUBPROTOCOL_V2, encode
from scripts.bench_relay.measured import ready
from scripts.bench_relay.streams import SIZE, Relayed, Stream
from tests.relay.control_plane import ControlPlane

_USERS: Final = 10


@dataclass(frozen=True, slots=True)
class RelayAlone:
    """A relay whose cluster is :mod:`scripts.bench_relay.upstream`, which ``kubeconfig`` leads to."""

    url: str
    process: int
    control_plane: ControlPlane
    http: aiohttp.ClientSession
    kubeconfig: Path

    async def session(self, stack: AsyncExitStack, number: int) -> Stream:
        """A viewer of the weaver of this number."""
        weaver_id = self.weaver_id(number)
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

    def weaver_id(self, number: int) -> str:
        return str(uuid.UUID(int=(1 << 100) + number))

    def memory(self) -> float:
        """KiB that are the process's in real memory (proc(5): VmRSS)."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process}/schedstat").read_text().split()  # nanoseconds on a processor come first
        return int(fields[0]) / 1e9


@asynccontextmanager
async def relay_alone(answers_after: float = 0.0) -> AsyncIterator[RelayAlone]:
    """The stand-in gives back what is typed after so many seconds."""
    control_plane = ControlPlane()
    runner = web.AppRunner(control_plane.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with tempfile.TemporaryDirectory(prefix="weavers-bench-") as name:
            kubeconfig = Path(name, "kubeconfig")
            async with Supervisor(Path(name, "logs"), lambda _text: None) as supervisor:
                await supervisor.start("upstream", "scripts.bench_relay.upstream", str(kubeconfig), str(answers_after))
                env = {
                    "LOOM_SERVER_URL": f"http://127.0.0.1:{runner.addresses[0][1]}",
                    "LOOM_KUBECONFIG": str(kubeconfig),
                    "LOOM_RELAY_LISTEN": "127.0.0.1:0",
                }
                relay = await supervisor.start("relay", "relay", env=env)
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                    yield RelayAlone(relay.url, relay.process.pid, control_plane, http, kubeconfig)
    finally:
        await runner.cleanup()
