"""From the settings of a cluster to the Cluster itself. Nothing is read or sent before it is used."""

from collections.abc import Callable
from pathlib import Path

from chalicelib.adapters.aws.clients import Aws
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import Connection, connect
from chalicelib.adapters.kubernetes.kept import KEPT, Kept
from chalicelib.domain.cluster_settings import ClusterSettings


def reached(settings: ClusterSettings, namespace: str, region: str) -> KubernetesCluster:
    """The weavers' ``namespace`` of the cluster, which AWS knows in ``region`` unless the settings have another one."""
    return KubernetesCluster(namespace, _way(settings, Aws(settings.region or region)))


def _way(settings: ClusterSettings, aws: Aws) -> Callable[[], Connection]:
    if name := settings.eks_cluster:
        from chalicelib.adapters.aws import eks

        return Kept(lambda: eks.connect(aws, name), KEPT)
    if secret := settings.kubeconfig_secret:
        from chalicelib.adapters.aws import secrets

        return Kept(lambda: secrets.connect(aws, secret), KEPT)
    path = Path(settings.kubeconfig) if settings.kubeconfig else None
    return lambda: connect(path)
