"""Relay and control plane, both through TLS, as everybody whom a kubeconfig can describe: a pod is made, and typed into."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect, connection
from chalicelib.domain.errors import ClusterError, ClusterRefused
from chalicelib.domain.kubeconfig import service_account_access
from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from chalicelib.domain.weaver import Weaver
from relay.kube import Kube, KubeError
from tests.cluster.conftest import NAMESPACE, Cluster, write_plugin
from tests.relay.conftest import control_plane, weaver_id  # noqa: F401  # fixtures
from tests.relay.control_plane import ControlPlane
from tests.relay.relay_process import running_relay

pytestmark = pytest.mark.xdist_group("cluster")

User = Callable[[Cluster, Path], dict[str, Any]]


def by_token(cluster: Cluster, folder: Path) -> dict[str, Any]:
    return {"token": "right"}


def by_token_file(cluster: Cluster, folder: Path) -> dict[str, Any]:
    (folder / "token").write_text("right\n")
    return {"tokenFile": "token"}


def by_certificate(cluster: Cluster, folder: Path) -> dict[str, Any]:
    pair = {"client-certificate-data": cluster.client.certificate, "client-key-data": cluster.client.key}
    return {name: base64.b64encode(pem).decode() for name, pem in pair.items()}


def by_certificate_files(cluster: Cluster, folder: Path) -> dict[str, Any]:
    (folder / "client.pem").write_bytes(cluster.client.certificate)
    (folder / "client-key.pem").write_bytes(cluster.client.key)
    return {"client-certificate": "client.pem", "client-key": "client-key.pem"}


def by_plugin(cluster: Cluster, folder: Path) -> dict[str, Any]:
    (folder / "token").write_text("right")
    write_plugin(folder / "plugin", folder / "token")
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}


def pod(weaver: str) -> dict[str, Any]:
    """As the control plane makes it: the namespace takes no other."""
    now = datetime.now(UTC)
    record = Weaver(
        id=weaver, owner_user_id="user-1", org_id="org", image="debian:13", created_at=now, lifetime_hours=1, expires_at=now
    )  # fmt: skip
    return weaver_pod(record, PodRequest("debian:13", "http://127.0.0.1:9", command=["bash", "--norc"]))


@pytest.mark.parametrize(
    ("user", "named"),
    [(by_token, False), (by_token_file, False), (by_certificate, False), (by_certificate_files, False), (by_plugin, False),
     (by_plugin, True), (by_certificate, True)],
    ids=["token", "token file", "certificate", "certificate files", "plugin", "plugin, server name", "certificate, server name"],
)  # fmt: skip
async def test_a_pod_is_made_and_typed_into(
    cluster: Cluster, tmp_path: Path, control_plane: ControlPlane, weaver_id: str, user: User, named: bool  # noqa: F811
):  # fmt: skip
    path = cluster.kubeconfig(tmp_path / "kubeconfig", user(cluster, tmp_path), named=named)
    pods = KubernetesCluster(NAMESPACE, lambda: connect(path))
    pods.ping()
    assert pods.create_pod(pod(weaver_id))
    env = {"LOOM_SERVER_URL": control_plane.url, "LOOM_KUBECONFIG": str(path), "LOOM_NAMESPACE": NAMESPACE}
    async with running_relay(env) as relay:
        viewer = await relay.viewer(weaver_id, control_plane.ticket(weaver_id))
        await viewer.resize(24, 80)
        await viewer.until(status="running")
        await viewer.type(b"echo sum=$((40+2))\r")
        await viewer.until_output(b"sum=42\r\n")
        assert pods.delete_pod(f"weaver-{weaver_id}")
        assert await viewer.until_closed() == 1000
    if user is by_plugin:
        assert (tmp_path / "plugin.asked").read_text() == 2 * "asked\n", "once by each"


async def test_a_plugin_is_run_again_when_its_token_is_refused(cluster: Cluster, tmp_path: Path):
    first, second = secrets.token_hex(), secrets.token_hex()
    path = cluster.kubeconfig(tmp_path / "kubeconfig", by_plugin(cluster, tmp_path))
    pods = KubernetesCluster(NAMESPACE, lambda: connect(path))
    kube = Kube(connect(path).credentials.access, NAMESPACE, tmp_path)
    try:
        for token in (first, second):
            (tmp_path / "token").write_text(token)
            cluster.tokens.write_text(f"right\n{token}\n")
            pods.ping()
            await kube.ping()
        (tmp_path / "token").write_text("wrong")
        cluster.tokens.write_text("right\n")
        with pytest.raises(ClusterRefused, match="Unauthorized"):
            pods.ping()
        with pytest.raises(KubeError, match="Unauthorized"):
            await kube.ping()
    finally:
        await kube.close()


@pytest.mark.parametrize(
    ("script", "told"),
    [("exit 3", "ended with exit code 3"), ("echo nonsense", "no ExecCredential"), (None, "No such file")],
)
async def test_a_plugin_that_fails_is_named_by_the_relay(cluster: Cluster, tmp_path: Path, script, told):
    user = by_plugin(cluster, tmp_path)
    (tmp_path / "plugin").unlink()
    if script:
        (tmp_path / "plugin").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "plugin").chmod(0o755)
    path = cluster.kubeconfig(tmp_path / "kubeconfig", user)
    kube = Kube(connect(path).credentials.access, NAMESPACE, tmp_path)
    with pytest.raises(KubeError, match=rf"plugin '\./plugin'.*{told}"):
        await kube.ping()
    await kube.close()


async def test_a_server_with_another_name_is_refused(cluster: Cluster, tmp_path: Path):
    """The certificate is a good one, for SERVER_NAME."""
    path = replace(cluster, server=cluster.named).kubeconfig(tmp_path / "kubeconfig", {"token": "right"})
    with pytest.raises(ClusterError, match=r"(?i)certificate"):
        KubernetesCluster(NAMESPACE, lambda: connect(path)).ping()
    kube = Kube(connect(path).credentials.access, NAMESPACE, tmp_path)
    with pytest.raises(KubeError, match=r"(?i)certificate"):
        await kube.ping()
    await kube.close()


async def test_a_pod_of_the_cluster_asks_as_its_service_account(cluster: Cluster, tmp_path: Path):
    (tmp_path / "token").write_text("wrong")
    (tmp_path / "ca.crt").write_bytes(cluster.authority.certificate)
    host, port = cluster.server.removeprefix("https://").split(":")
    env = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    access = service_account_access(env, str(tmp_path))
    pods = KubernetesCluster(NAMESPACE, lambda: connection(access, Path("/")))
    kube = Kube(access, NAMESPACE, Path("/"))
    with pytest.raises(KubeError, match="Unauthorized"):
        await kube.ping()
    (tmp_path / "token").write_text("right")  # the kubelet rotates it
    pods.ping()
    await kube.ping()
    await kube.close()
