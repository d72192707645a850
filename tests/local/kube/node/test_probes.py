"""Readiness probes over the network, and what happens when a container changes its mind."""

import asyncio

import pytest

from local.kube.objects import Object
from tests.local.kube.node.conftest import Node, container, pod, shell

EVERY_SECOND = {"periodSeconds": 1, "timeoutSeconds": 5, "successThreshold": 1, "failureThreshold": 1}


def ready(found: Object) -> bool:
    statuses = found["status"].get("containerStatuses", [{}])
    conditions = {condition["type"]: condition["status"] for condition in found["status"].get("conditions", ())}
    return bool(statuses[0].get("ready")) and conditions["Ready"] == conditions["ContainersReady"] == "True"


@pytest.fixture
async def port():
    """Answers one line that says where else to go."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        if b" /well " in asked:
            writer.write(b"HTTP/1.0 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.0 503 Busy\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_connection_is_enough(node: Node, port: int):
    node.create(pod(container("weaver", "sleep", "600", readinessProbe={"tcpSocket": {"port": port}, **EVERY_SECOND})))
    await node.until(ready)


async def test_an_answer_below_400_is_a_success(node: Node, port: int):
    action = {"port": port, "path": "/well", "scheme": "HTTP"}
    node.create(pod(container("weaver", "sleep", "600", readinessProbe={"httpGet": action, **EVERY_SECOND})))
    await node.until(ready)


async def test_any_other_is_not(node: Node, port: int):
    action = {"port": port, "path": "/", "scheme": "HTTP"}
    node.create(pod(container("weaver", "sleep", "600", readinessProbe={"httpGet": action, **EVERY_SECOND})))
    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    await node.until(lambda _: any(event["message"] == said for event in node.events()))
    assert not ready(node.get())
    assert node.get()["status"]["phase"] == "Running"


async def test_a_container_that_is_not_ready_any_more(node: Node):
    probe = {"exec": {"command": ["test", "-e", "/workspace/well"]}, **EVERY_SECOND}
    found = node.create(pod(shell("touch /workspace/well; exec sleep 600", readinessProbe=probe)))
    await node.until(ready)
    (node.state / "pods" / found["metadata"]["uid"] / "volumes" / "workspace" / "well").unlink()
    await node.until(lambda found: not ready(found))
