import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.relay.control_plane import RELAY_TOKEN, ControlPlane
from tests.relay.kubernetes import Kubernetes
from tests.relay.pods import Cluster, running_cluster
from tests.relay.relay_process import Relay, running_relay
from tests.relay.setup import Setup


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def weaver_id() -> str:
    return f"01a2030e-8a89-72c3-89cd-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def kubernetes() -> AsyncIterator[Kubernetes]:
    kubernetes = Kubernetes()
    async with served(kubernetes.application()) as kubernetes.url:
        yield kubernetes


@pytest.fixture
async def control_plane() -> AsyncIterator[ControlPlane]:
    control_plane = ControlPlane()
    async with served(control_plane.application()) as control_plane.url:
        yield control_plane


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The laptop edition's pod API server, for tests that need real containers."""
    with running_cluster(tmp_path_factory.mktemp("kube")) as cluster:
        yield cluster


@pytest.fixture
def environment(kubernetes: Kubernetes, control_plane: ControlPlane, tmp_path: Path) -> dict[str, str]:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(kubernetes.kubeconfig())
    return {
        "LOOM_SERVER_URL": control_plane.url,
        "LOOM_KUBECONFIG": str(kubeconfig),
        "LOOM_RELAY_TOKEN": RELAY_TOKEN,
    }


@pytest.fixture
async def relay(environment: dict[str, str]) -> AsyncIterator[Relay]:
    async with running_relay(environment) as relay:
        yield relay


@pytest.fixture
def setup(relay: Relay, kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str) -> Setup:
    return Setup(relay, kubernetes, control_plane, weaver_id)
