"""The relay's network loses every packet, to people and to the cluster, while output and typing are counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from loom.client.api import Ticket
from tests.relay.control_plane import RELAY_TOKEN, ControlPlane
from tests.relay.counting import COUNT, TELL, counted, counts_on, sees, typing
from tests.relay.kill.network import Network, may_make_networks, network
from tests.relay.passage import passage
from tests.relay.person import Person
from tests.relay.pods import IMAGE, NAMESPACE, Cluster
from tests.relay.relay_process import Relay, running_relay

pytestmark = pytest.mark.skipif(
    not may_make_networks(),
    reason="networks are made by root only, with ip: apt-get install --no-install-recommends iproute2",
)

#: Seconds. TCP tries again after 0.2, 0.6, 1.4, 3.0 and 6.2 s (RFC 6298, with Linux' first timeout), whenever the network is back.
_OUTAGE = 2.5
_BACK_WITHIN = 2.0


@pytest.fixture
def net() -> Iterator[Network]:
    with network() as net:
        yield net


@pytest.fixture
async def relay(net: Network, cluster: Cluster, control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Relay]:
    config = json.loads(cluster.kubeconfig.read_text())
    there = config["clusters"][0]["cluster"]
    async with passage(there["server"], net.here) as kubernetes, passage(control_plane.url, net.here) as api:
        there["server"] = kubernetes.url
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        environment = {
            "LOOM_SERVER_URL": api.url,
            "LOOM_KUBECONFIG": str(kubeconfig),
            "LOOM_NAMESPACE": NAMESPACE,
            "LOOM_RELAY_TOKEN": RELAY_TOKEN,
            "LOOM_RELAY_LISTEN": f"{net.there}:0",
        }
        async with running_relay(environment, net.inside) as relay:
            yield relay


@pytest.fixture
def people(relay: Relay, control_plane: ControlPlane, weaver_id: str) -> Callable[[], Person]:
    url = relay.attach_url(weaver_id).replace("http", "ws", 1)
    return lambda: Person(lambda: Ticket(url, control_plane.ticket(weaver_id)))


async def outage(net: Network) -> None:
    net.lose_packets()
    await asyncio.sleep(_OUTAGE)
    net.lose_none()


async def test_output_is_seen_once_and_soon(
    net: Network, cluster: Cluster, people: Callable[[], Person], weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", COUNT, image=IMAGE)
    with await asyncio.to_thread(people) as person:
        await sees(person, b"n100.")
        net.lose_packets()
        await asyncio.sleep(_OUTAGE / 2)
        lost = counted(person.text, b"n")[-1]
        await asyncio.sleep(_OUTAGE / 2)
        assert counted(person.text, b"n")[-1] == lost
        net.lose_none()
        assert await counts_on(person, 100) < _BACK_WITHIN


async def test_each_key_arrives_once(
    net: Network, cluster: Cluster, people: Callable[[], Person], weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", TELL, image=IMAGE)
    with await asyncio.to_thread(people) as person:
        await sees(person, b"ready")
        keys = asyncio.create_task(typing(person, 1000, 1499))
        await sees(person, b"k1100.")
        await outage(net)
        await keys
        await sees(person, b"k1499.")
        assert counted(person.text, b"k") == list(range(1000, 1500))
        assert person.dropped == 0
