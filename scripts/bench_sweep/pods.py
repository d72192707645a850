"""``python -m scripts.bench_sweep.pods SIZE EXPIRED NOW KUBECONFIG DEPLOYMENT``: the pods of a population as stored objects.

The laptop edition's API server with Kubernetes' answers over HTTP, and no containers: each pod is a recorded running one with
the names and labels of its weaver. One whose deletion begins is removed at once: no grace period passes.
"""

import asyncio
import json
import signal
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import uvloop

from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from local.edition import NAMESPACE
from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubeconfig import write_kubeconfig
from local.kube.kubelet import Kubelet
from local.kube.namespaces import new_namespace
from local.kube.registry import Registry
from local.kube.server import ApiServer
from scripts.bench_sweep.population import Population

_RECORDED: Final = Path("tests/recordings/kubernetes/pods/running-ready.json")
_TOKEN: Final = "bench"  # noqa: S105  # of a server that listens to this machine for some minutes


def store(registry: Registry, population: Population, deployment: str) -> None:
    """Makes the namespace and all pods. They share what does not tell them apart, or memory would not do."""
    registry.create("namespaces", new_namespace({"name": NAMESPACE}))
    recorded: dict[str, Any] = json.loads(_RECORDED.read_text())["pod"]
    request = PodRequest(clone_image="", server_url="https://loom.example", deployment=deployment)
    for weaver in population.weavers():
        own = weaver_pod(weaver, request)["metadata"]
        registry.create("pods", {**recorded, "metadata": {**recorded["metadata"], **own, "namespace": NAMESPACE}})


async def remove_deleted(registry: Registry) -> None:
    """What a node does at the end of a deletion, but at once."""
    changes = registry.subscribe()
    while change := await changes.next():
        metadata = change.object["metadata"]
        if change.type == "MODIFIED" and "deletionTimestamp" in metadata:
            registry.delete("pods", metadata["namespace"], metadata["name"])


async def serve(population: Population, kubeconfig: Path, deployment: str) -> None:
    """Until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    registry = Registry()
    tokens = ServiceAccountTokens(registry)
    with tempfile.TemporaryDirectory() as state:
        node = Kubelet(registry, state=Path(state), loom_images=frozenset(), tokens=tokens)  # never started
        server = ApiServer(registry, node, _TOKEN, tokens)
        store(registry, population, deployment)
        removing = asyncio.create_task(remove_deleted(registry))
        url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
        write_kubeconfig(kubeconfig, url, _TOKEN)
        print(f"ready {url}", flush=True)
        await ended.wait()
        await server.close()  # ends the subscription, too
        await removing


if __name__ == "__main__":
    size, expired, now, kubeconfig, deployment = sys.argv[1:]
    population = Population(int(size), int(expired), datetime.fromisoformat(now))
    uvloop.run(serve(population, Path(kubeconfig), deployment))
