"""``up --kubeconfig``: what is wrong is said at once, and what ends leaves nothing in the cluster."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes.client
import kubernetes.config
import pytest

from tests.cluster.conftest import IMAGE, NAMESPACE, Cluster, write_plugin
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.xdist_group("cluster")


def environment(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "HOME": str(home), "PATH": path, "LOOM_WEAVER_IMAGE": IMAGE}


def command(home: Path, kubeconfig: Path | str, namespace: str = NAMESPACE) -> list[str]:
    state = ["--state", str(home / "state")]
    return [sys.executable, "-m", "local", "up", *state, "--kubeconfig", str(kubeconfig), "--namespace", namespace]


@contextmanager
def up(home: Path, kubeconfig: Path) -> Iterator["subprocess.Popen[str]"]:
    """Ready; killed at the end, if it still runs."""
    words = command(home, kubeconfig)
    with subprocess.Popen(words, env=environment(home), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert any(line.startswith("Ctrl+C ends") for line in process.stdout)
            yield process
        finally:
            process.kill()


def new_weaver(home: Path) -> str:
    """The name of its pod."""
    words = ["loom", "new", "--no-attach", "--json"]
    done = subprocess.run(words, env=environment(home), stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=True)  # fmt: skip
    name: str = json.loads(done.stdout)["pod_name"]
    return name


def pods(cluster: Cluster) -> set[str]:
    with kubernetes.config.new_client_from_config(str(cluster.own_kubeconfig)) as client:  # type: ignore[no-untyped-call]
        found: list[Any] = kubernetes.client.CoreV1Api(client).list_namespaced_pod(NAMESPACE).items
        return {pod.metadata.name for pod in found}


@pytest.mark.parametrize(
    ("user", "namespace", "told"),
    [
        ({"token": "right"}, "nowhere", 'Kubernetes: namespaces "nowhere" is forbidden: User "system:serviceaccount:loom:laptop" cannot get resource "namespaces" in API group "" in the namespace "nowhere"; if it does not exist, make it with: kubectl create namespace nowhere (rights: infra/kubernetes/laptop.yaml)'),
        ({"token": "wrong"}, NAMESPACE, "Kubernetes: Unauthorized"),
        ({"auth-provider": {"name": "gcp"}}, NAMESPACE, "kubeconfig: auth-provider is not supported"),
        ({"exec": {"command": "./no-such-plugin"}}, NAMESPACE, "the credential plugin '{folder}/no-such-plugin' failed: FileNotFoundError"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_before_anything_starts(cluster: Cluster, tmp_path: Path, user, namespace, told):
    path = cluster.kubeconfig(tmp_path / "kubeconfig", user)
    done = subprocess.run(
        command(tmp_path, path, namespace), env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {told.format(folder=tmp_path)}\n"


def test_a_namespace_that_an_administrator_would_see(cluster: Cluster, tmp_path: Path):
    done = subprocess.run(
        command(tmp_path, cluster.own_kubeconfig, "nowhere"), env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "error: the namespace nowhere does not exist; make it with: kubectl create namespace nowhere\n"
    )


def test_its_weavers_end_with_it_and_no_others(cluster: Cluster, tmp_path: Path):
    (tmp_path / "token").write_text("right")
    write_plugin(tmp_path / "plugin", tmp_path / "token")
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
    path = cluster.kubeconfig(tmp_path / "kubeconfig", user)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for home in (ours, theirs):
        home.mkdir()
    with up(ours, path) as edition, up(theirs, path):
        first, other = new_weaver(ours), new_weaver(theirs)
        assert pods(cluster) == {first, other}
        edition.send_signal(signal.SIGINT)
        assert edition.wait(DEADLINE) == 0
        assert edition.stdout
        assert edition.stdout.read().endswith("deleted 1 weaver from the cluster\n")
        until(lambda: pods(cluster) == {other})
        assert not (ours / "state/kubeconfig").exists(), "a copy of what gives access"
    assert pods(cluster) == {other}, "who is killed cannot delete"
    with up(theirs, path):
        until(lambda: pods(cluster) == set())
