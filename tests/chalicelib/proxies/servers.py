"""The pod API server as a process of a test, and impatient adapters that reach it, or a table, through a proxy."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connection
from chalicelib.domain.kubeconfig import ClusterAccess
from tests.processes import part

NAMESPACE = "loom-weavers"


@dataclass(frozen=True, slots=True)
class PodServer:
    """Runs, and has the weavers' namespace."""

    url: str
    token: str

    def cluster(self, url: str | None = None, seconds: float = 8) -> KubernetesCluster:
        """The adapter, by way of ``url`` (a proxy's) if given."""
        access = ClusterAccess(server=url or self.url, token=self.token)
        return KubernetesCluster(NAMESPACE, lambda: connection(access, Path("/")), seconds)


@contextmanager
def pod_server(folder: Path) -> Iterator[PodServer]:
    path = folder / "kubeconfig"
    with part("local.kube", "--state", str(folder / "state"), "--kubeconfig", str(path)) as url:
        token = yaml.safe_load(path.read_text())["users"][0]["user"]["token"]
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/api/v1/namespaces", json.dumps(namespace).encode(), headers)
        urllib.request.urlopen(request).close()
        yield PodServer(url, token)
