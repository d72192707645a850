"""The real server as a program, for tests that drive it from outside."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DEADLINE = 30


@dataclass(frozen=True)
class RunningServer:
    url: str
    kubeconfig: Path
    state: Path
    process: asyncio.subprocess.Process


def server_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "local.kube", *words]


@contextlib.asynccontextmanager
async def running_server(folder: Path, *words: str) -> AsyncIterator[RunningServer]:
    """``python -m local.kube`` in ``folder``, ready; ended afterwards, by its id."""
    kubeconfig, state = folder / "kubeconfig", folder / "state"
    command = server_command("--state", str(state), "--kubeconfig", str(kubeconfig), *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            line = (await process.stdout.readline()).decode()
        assert line.startswith(("ready http://", "ready https://")), line
        yield RunningServer(line.split()[1], kubeconfig, state, process)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(DEADLINE):
            await process.wait()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as running:
        yield running


@pytest.fixture
def collected() -> Iterator[None]:
    """For clients that leave sockets to the garbage collector: it runs once the test and its other fixtures let go of them."""
    yield
    gc.collect()
