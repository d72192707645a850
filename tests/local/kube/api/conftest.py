"""The HTTP side in this process, over a node in memory."""

import contextlib
import copy
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.objects import Object
from local.kube.registry import Registry
from local.kube.server import ApiServer
from tests.local.kube.api.standin import StandInNode
from tests.local.kube.recordings import recorded

TOKEN = "a-token"
NAMESPACE = "loom-weavers"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@dataclass
class Api:
    """The server, and a client that carries the token."""

    port: int
    registry: Registry
    node: StandInNode
    http: aiohttp.ClientSession
    tokens: ServiceAccountTokens

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and the body: JSON where it is JSON, text otherwise. ``body`` may be bytes."""
        data = io.BytesIO(body) if isinstance(body, bytes) else None
        value = None if isinstance(body, bytes) else body
        async with self.http.request(method, path, data=data, json=value, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    def store(self, name: str, scenario: str) -> Object:
        """A pod as it was recorded in ``scenario``, named ``name``."""
        pod = copy.deepcopy(recorded(f"pods/{scenario}.json")["pod"])
        pod["metadata"] = {"name": name, "namespace": NAMESPACE, "labels": pod["metadata"]["labels"]}
        return self.registry.create("pods", pod)


@contextlib.asynccontextmanager
async def serving(registry: Registry) -> AsyncIterator[Api]:
    node = StandInNode()
    tokens = ServiceAccountTokens(registry)
    server = ApiServer(registry, node, TOKEN, tokens)
    registry.create("namespaces", {"metadata": {"name": NAMESPACE}, "spec": {}, "status": {"phase": "Active"}})
    port = await server.start("127.0.0.1", 0)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
            yield Api(port, registry, node, http, tokens)
    finally:
        await server.close()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(Registry()) as running:
        yield running


def manifest(name: str = "weaver-1", **spec: Any) -> Object:
    """A weaver's pod as clients send it."""
    pod = copy.deepcopy(recorded("errors/201-dry-run.json")["body"])
    metadata = {"name": name, "labels": pod["metadata"]["labels"], "annotations": pod["metadata"]["annotations"]}
    kept = ("volumes", "containers", "restartPolicy", "dnsPolicy", "automountServiceAccountToken", "securityContext")
    sent = {key: pod["spec"][key] for key in (*kept, "enableServiceLinks")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**sent, **spec}}
