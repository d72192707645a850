"""The whole server in this process: HTTP side, node and real containers. Made once for the tests of a module."""

import contextlib
import copy
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubelet import Kubelet
from local.kube.objects import Object
from local.kube.registry import Registry
from local.kube.server import ApiServer
from tests.local.kube.api.conftest import NAMESPACE, PODS, TOKEN
from tests.local.kube.node.conftest import LOOM_IMAGE, Node
from tests.local.kube.recordings import recorded


@dataclass
class Cluster:
    """``node`` is what the kubelet's tests have too; ``http`` carries the administrator's token, ``anonymous`` none."""

    node: Node
    http: aiohttp.ClientSession
    anonymous: aiohttp.ClientSession
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def named(self, prefix: str = "weaver") -> str:
        return f"{prefix}-{next(self._numbers)}"

    async def create(self, sent: Object) -> Object:
        """POSTs a pod and returns the answer; fails with what the server says."""
        async with self.http.post(PODS, json=sent) as answer:
            text = await answer.text()
            assert answer.status == 201, text
            created: Object = json.loads(text)
            return created

    async def running(self, sent: Object) -> str:
        """The name of a pod whose containers run."""
        name: str = (await self.create(sent))["metadata"]["name"]
        await self.node.phase("Running", name=name)
        return name

    async def until(self, name: str, holds: Callable[[Object], bool]) -> Object:
        return await self.node.until(holds, name)

    async def delete(self, name: str, grace: int) -> None:
        async with self.http.delete(f"{PODS}/{name}?gracePeriodSeconds={grace}") as answer:
            assert answer.status == 200, await answer.text()


@contextlib.asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[Cluster]:
    registry = Registry()
    tokens = ServiceAccountTokens(registry)
    kubelet = Kubelet(registry, state=folder / "node", loom_images=frozenset({LOOM_IMAGE}), tokens=tokens)
    server = ApiServer(registry, kubelet, TOKEN, tokens)
    registry.create("namespaces", {"metadata": {"name": NAMESPACE}, "spec": {}, "status": {"phase": "Active"}})
    await kubelet.start()
    port = await server.start("127.0.0.1", 0)
    try:
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(url, headers=headers) as http, aiohttp.ClientSession(url) as anonymous:
            yield Cluster(Node(registry, kubelet, folder / "node", tokens), http, anonymous)
    finally:
        await server.close()
        await kubelet.close()


def sent_pod(scenario: str, name: str) -> Object:
    """The manifest that was sent for a recorded pod: the recording without what the server and the node added."""
    pod = copy.deepcopy(recorded(f"pods/{scenario}.json")["pod"])
    kept = {key: pod["metadata"][key] for key in ("labels", "annotations") if key in pod["metadata"]}
    spec: dict[str, Any] = pod["spec"]
    spec.pop("nodeName", None)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **kept}, "spec": spec}
