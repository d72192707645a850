"""A real cluster in place of our own node: is it usable, and what is to be gone from it at the end."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import urllib3

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect
from chalicelib.domain.errors import ClusterError, ClusterRefused, WeaverError
from chalicelib.domain.kubeconfig import cluster_access
from local import kubeconfig

#: Who may own weavers in an edition.
USERS: Final = ("developer", "admin")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One namespace of a cluster. ``kubeconfig`` is a file of ours that every part reads.

    ``mark`` makes the users of this edition its own: by it its weavers are told from those of others in the same namespace.
    """

    kubeconfig: Path
    namespace: str
    server: str
    mark: str

    def user(self, name: str) -> str:
        """The id of a user of this edition."""
        return f"{name}-{self.mark}"

    @property
    def selector(self) -> str:
        """The label selector of this edition's pods."""
        return f"loom.dev/owner-user-id in ({','.join(self.user(name) for name in USERS)})"


def use(named: str, namespace: str, state: Path) -> Cluster:
    """The cluster of the kubeconfigs that a person named; ``state`` keeps what we make of them, and the mark from start to start.

    Raises KubeconfigError; NamespaceMissing, which is nobody's to make but the platform engineer's; ClusterError, ClusterTimeout.
    """
    config = kubeconfig.read(named)
    server = cluster_access(config).server
    kubeconfig.write(config, state / "kubeconfig")
    mark = state / "mark"
    if not mark.exists():
        mark.write_text(secrets.token_hex(3))
    cluster = Cluster(state / "kubeconfig", namespace, server, mark.read_text())
    try:
        _require_namespace(cluster)
    except WeaverError:
        cluster.kubeconfig.unlink()  # it gives access: it stays as long as it is used
        raise
    return cluster


def _require_namespace(cluster: Cluster) -> None:
    try:
        _pods_of(cluster).ping()
    except ClusterRefused as error:
        if error.details.get("k8s_code") != 403:
            raise
        missing = f"if it does not exist, make it with: kubectl create namespace {cluster.namespace}"
        raise ClusterRefused(f"{error.message}; {missing} (rights: infra/kubernetes/laptop.yaml)") from error


def pods(cluster: Cluster) -> list[str]:
    """The names of the pods of this edition's weavers. Raises ClusterError, ClusterTimeout."""
    connection = connect(cluster.kubeconfig)
    query = urlencode({"labelSelector": cluster.selector})
    url = f"{connection.server}/api/v1/namespaces/{cluster.namespace}/pods?{query}"
    try:
        answer = connection.pool.request("GET", url, headers=connection.credentials.headers())
    except urllib3.exceptions.HTTPError as error:
        raise ClusterError(f"Kubernetes cannot be reached: {error}") from error
    if answer.status != 200:
        raise ClusterError(f"Kubernetes does not list pods: HTTP {answer.status}")
    return [pod["metadata"]["name"] for pod in json.loads(answer.data)["items"]]


def delete_pods(cluster: Cluster) -> int:
    """Deletes the pods of this edition's weavers, whose records were in memory; how many. Raises ClusterError, ClusterTimeout."""
    names = pods(cluster)
    for name in names:
        _pods_of(cluster).delete_pod(name)
    return len(names)


def _pods_of(cluster: Cluster) -> KubernetesCluster:
    return KubernetesCluster(cluster.namespace, lambda: connect(cluster.kubeconfig))
