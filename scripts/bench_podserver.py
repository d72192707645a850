"""How quick the laptop edition's pod API server is, beside what a real single-node Kubernetes 1.36 took (DESIGN §11).

Nothing here has a budget: the laptop is not the cluster's machine. The figures are for whoever wonders where a wait comes from.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp

_PODS: Final = "/api/v1/namespaces/default/pods"
_PROTOCOL: Final = "v5.channel.k8s.io"
_CREATES: Final = 10
_EXECS: Final = 20
_ECHOES: Final = 200
_FLOOD: Final = 200_000_000
_AT_ONCE: Final = 200
_DEADLINE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value, and what a real cluster took."""

    name: str
    value: str
    cluster: str

    @property
    def ok(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"{self.name} {self.value} - ok  (a real cluster: {self.cluster})"


def readings() -> Iterable[Reading]:
    """Starts a server of its own, and ends it."""
    return asyncio.run(_readings())


async def _readings() -> list[Reading]:
    async with asyncio.timeout(_DEADLINE), _server() as http:
        await _create(http, "target")
        await _until_running(http, {"target"})
        creates = [await _create_to_running(http, f"one-{number}") for number in range(_CREATES)]
        execs = [await _exec_of_true(http) for _ in range(_EXECS)]
        return [
            Reading("podserver-create-running-p50", f"{median(creates):.2f}s", "0.46-0.63s"),
            Reading("podserver-exec-true-p50", f"{median(execs) * 1000:.0f}ms", "66-83ms"),
            Reading("podserver-flood", f"{await _flood(http):.0f}MB/s", "70-82MB/s"),
            Reading("podserver-echo-p50", f"{median(await _echoes(http)) * 1000:.2f}ms", "1.7-2.5ms"),
            Reading(f"podserver-{_AT_ONCE}-pods-at-once", f"{await _at_once(http):.1f}s", "not measured"),
        ]


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[aiohttp.ClientSession]:
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder, "kubeconfig")
        command = ("-m", "local.kube", "--state", f"{folder}/state", "--kubeconfig", str(kubeconfig))
        process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
        try:
            url = (await process.stdout.readline()).decode().split()[1] if process.stdout else ""
            token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]  # noqa: ASYNC240  # a small file, once
            headers = {"Authorization": f"Bearer {token}"}
            # Beyond the default, so that 200 requests do not wait for each other here.
            connector = aiohttp.TCPConnector(limit=_AT_ONCE)
            async with aiohttp.ClientSession(url, headers=headers, connector=connector) as http:
                yield http
        finally:
            process.terminate()
            await process.wait()


def _pod(name: str) -> dict[str, Any]:
    container = {"name": "main", "image": "example.com/base:1", "command": ["sleep", "3600"]}
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def _create(http: aiohttp.ClientSession, name: str) -> None:
    async with http.post(_PODS, json=_pod(name), raise_for_status=True):
        return


async def _until_running(http: aiohttp.ClientSession, names: set[str]) -> None:
    waiting = set(names)
    async with http.get(f"{_PODS}?watch=1&resourceVersion=0", timeout=aiohttp.ClientTimeout(total=None)) as events:
        while waiting:
            pod = json.loads(await events.content.readline())["object"]
            if pod["status"].get("phase") == "Running":
                waiting.discard(pod["metadata"]["name"])


async def _create_to_running(http: aiohttp.ClientSession, name: str) -> float:
    started = time.perf_counter()
    await _create(http, name)
    await _until_running(http, {name})
    return time.perf_counter() - started


def _exec(http: aiohttp.ClientSession, query: str) -> Any:
    return http.ws_connect(f"{_PODS}/target/exec?stdout=true&{query}", protocols=(_PROTOCOL,), max_msg_size=0)


async def _exec_of_true(http: aiohttp.ClientSession) -> float:
    started = time.perf_counter()
    async with _exec(http, "command=true") as socket:
        async for _ in socket:
            pass
    return time.perf_counter() - started


async def _flood(http: aiohttp.ClientSession) -> float:
    """Megabytes a second."""
    received, started = 0, time.perf_counter()
    async with _exec(http, f"command=head&command=-c&command={_FLOOD}&command=/dev/zero") as socket:
        async for message in socket:
            received += len(message.data) - 1
    return received / (time.perf_counter() - started) / 1e6


async def _echoes(http: aiohttp.ClientSession) -> list[float]:
    """Of single keys, by a terminal."""
    times = []
    async with _exec(http, "command=cat&stdin=true&tty=true") as socket:
        await socket.receive_bytes()  # the empty frame
        for _ in range(_ECHOES):
            started = time.perf_counter()
            await socket.send_bytes(b"\0x")
            await socket.receive_bytes()
            times.append(time.perf_counter() - started)
    return times


async def _at_once(http: aiohttp.ClientSession) -> float:
    names = {f"many-{number}" for number in range(_AT_ONCE)}
    started = time.perf_counter()
    await asyncio.gather(*(_create(http, name) for name in names))
    await _until_running(http, names)
    return time.perf_counter() - started
