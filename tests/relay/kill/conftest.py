"""A relay whose ways, to the cluster and to people, are for the test to cut."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from loom.client.api import Ticket
from tests.relay.control_plane import RELAY_TOKEN, ControlPlane
from tests.relay.passage import Passage, passage
from tests.relay.person import Person
from tests.relay.pods import NAMESPACE, Cluster
from tests.relay.relay_process import Relay, running_relay


@pytest.fixture
async def upstream(cluster: Cluster) -> AsyncIterator[Passage]:
    """From the relay to the cluster."""
    async with passage(json.loads(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]) as one:
        yield one


@pytest.fixture
async def relay(
    cluster: Cluster, upstream: Passage, control_plane: ControlPlane, tmp_path: Path
) -> AsyncIterator[Relay]:
    config = json.loads(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = upstream.url
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    environment = {
        "LOOM_SERVER_URL": control_plane.url,
        "LOOM_KUBECONFIG": str(kubeconfig),
        "LOOM_NAMESPACE": NAMESPACE,
        "LOOM_RELAY_TOKEN": RELAY_TOKEN,
    }
    async with running_relay(environment) as relay:
        yield relay


@pytest.fixture
async def downstream(relay: Relay) -> AsyncIterator[Passage]:
    """From people to the relay."""
    async with passage(relay.url) as one:
        yield one


@pytest.fixture
def people(downstream: Passage, control_plane: ControlPlane, weaver_id: str) -> Callable[[], Person]:
    """Makes a person."""
    url = f"{downstream.url.replace('http', 'ws', 1)}/api/weaver/{weaver_id}/attach"
    return lambda: Person(lambda: Ticket(url, control_plane.ticket(weaver_id)))


@pytest.fixture(params=["upstream", "downstream"])
def way(request: pytest.FixtureRequest, upstream: Passage, downstream: Passage) -> Passage:
    """One of both."""
    return {"upstream": upstream, "downstream": downstream}[request.param]
