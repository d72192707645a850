"""Hundreds of strangers, and 10,000 with ``WEAVERS_CHAOS=full``."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos import length
from tests.relay.control_plane import ControlPlane
from tests.relay.fuzz.strangers import STRANGERS, Stranger
from tests.relay.kubernetes import Kubernetes
from tests.relay.relay_process import DEADLINE, Relay, running_relay
from tests.relay.setup import Setup
from tests.relay.test_metrics import scrape

_CONNECTIONS = length(full=10_000, short=500)
_AT_ONCE = 20
#: Kibibytes that the relay may have more after so many than when it was warm: the allocator's, and tickets that were used, which
#: it remembers for a minute.
_GROWTH = 8 * 1024 + _CONNECTIONS


@pytest.fixture
async def relay(environment: dict[str, str]) -> AsyncIterator[Relay]:
    """Its sessions and the timers of its connections end soon: what they hold is not kept."""
    async with running_relay({**environment, "LOOM_RELAY_LINGER": "0", "LOOM_RELAY_PING": "1"}) as relay:
        yield relay


@pytest.mark.timeout(length(full=1800, short=120))
async def test_whatever_strangers_do_the_relay_stays_up_and_keeps_nothing(
    relay: Relay, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    setup = Setup(relay, kubernetes, control_plane, weaver_id)
    viewer, _ = await setup.attached()
    token = await viewer.token()
    await strangers_come(setup, token, range(-200, 0))  # it is warm then
    await everybody_left(relay, but=1)
    before = held(relay)
    await strangers_come(setup, token, range(_CONNECTIONS))
    await everybody_left(relay, but=1)
    descriptors, kibibytes = held(relay)
    assert descriptors <= before[0] + _AT_ONCE  # kept alive for the client's next request
    assert kibibytes <= before[1] + _GROWTH
    await works(setup)
    assert not [line for line in relay.log if json.loads(line)["level"] in ("ERROR", "CRITICAL")]


async def strangers_come(setup: Setup, token: str, seeds: range) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def comes(seed: int) -> None:
        what = STRANGERS[seed % len(STRANGERS)]
        async with gate, asyncio.timeout(DEADLINE):
            try:
                await what(Stranger(setup, random.Random(seed), token))
            except Exception as error:
                error.add_note(f"{what.__name__}, seed {seed}")
                raise

    async with asyncio.TaskGroup() as tasks:
        for seed in seeds:
            tasks.create_task(comes(seed))


async def everybody_left(relay: Relay, but: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            told = await scrape(relay)
            if sum(value for name, value in told.items() if name.startswith("loom_relay_viewers")) <= but:
                return


async def works(setup: Setup) -> None:
    """As on the first day."""
    viewer = await setup.viewer()
    await viewer.resize(24, 80)
    await viewer.until(status="running")
    await viewer.type(b"still here")
    await viewer.until(type="ack", bytes=len(b"still here"))


def held(relay: Relay) -> tuple[int, int]:
    """How many descriptors the process has open, and its memory in KiB (proc(5): VmRSS)."""
    folder = Path(f"/proc/{relay.process.pid}")
    [line] = [line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS:")]
    return len(list((folder / "fd").iterdir())), int(line.split()[1])
