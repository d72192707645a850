"""KubernetesCluster against the single-node pod API server: a real process that runs real containers."""

import base64
import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect
from chalicelib.domain.errors import ClusterRefused, NamespaceMissing
from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from chalicelib.domain.pod_status import Pod, pod_status
from chalicelib.services.ports import PodListExpired, PodPage
from tests.chalicelib.samples import weaver
from tests.processes import part
from tests.waiting import until

NAMESPACE = "loom-weavers"
REQUEST = PodRequest(clone_image="registry.example/git:1", server_url="https://loom.example", command=("sleep", "1000"))


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a server that runs, and has the weavers' namespace."""
    folder = tmp_path_factory.mktemp("kube")
    path = folder / "kubeconfig"
    with part("local.kube", "--state", str(folder / "state"), "--kubeconfig", str(path)) as url:
        token = yaml.safe_load(path.read_text())["users"][0]["user"]["token"]
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}/api/v1/namespaces", json.dumps(namespace).encode(), headers)
        ):
            yield path


@pytest.fixture
def cluster(kubeconfig: Path) -> KubernetesCluster:
    return KubernetesCluster(NAMESPACE, lambda: connect(kubeconfig))


def manifest(**changes: Any) -> dict[str, Any]:
    """The pod of a new weaver."""
    return weaver_pod(weaver(**changes), REQUEST)


def test_a_pod_from_create_to_gone(cluster: KubernetesCluster):
    wanted = manifest()
    name = wanted["metadata"]["name"]
    assert cluster.get_pod(name) is None
    created = cluster.create_pod(wanted)
    assert created is not None
    assert created["metadata"]["labels"] == wanted["metadata"]["labels"]
    assert cluster.create_pod(wanted) is None, "it is there already"

    def status() -> str:
        pod = cluster.get_pod(name)
        assert pod is not None
        assert pod["metadata"]["uid"] == created["metadata"]["uid"]
        return pod_status(pod, cluster.pod_events(pod)).status

    until(lambda: status() == "running")
    assert {"Scheduled", "Started"} <= {event["reason"] for event in cluster.pod_events(created)}

    assert cluster.delete_pod(name) is True
    until(lambda: cluster.get_pod(name) is None)
    assert cluster.delete_pod(name) is False


def _pull_failed(cluster: KubernetesCluster, pod: Pod) -> bool:
    return any(event["reason"] == "Failed" for event in cluster.pod_events(pod))


def test_a_pod_has_no_events_but_its_own(cluster: KubernetesCluster):
    pods = [cluster.create_pod(manifest(image="registry.invalid/none:1")) for _ in range(2)]
    for pod in pods:
        assert pod is not None
        until(partial(_pull_failed, cluster, pod))
        assert {event["involvedObject"]["uid"] for event in cluster.pod_events(pod)} == {pod["metadata"]["uid"]}
        found = cluster.get_pod(pod["metadata"]["name"])
        assert found is not None
        assert pod_status(found, cluster.pod_events(pod)).reason in ("ErrImagePull", "ImagePullBackOff")
        cluster.delete_pod(pod["metadata"]["name"])


def test_a_forced_deletion_takes_a_pod_at_once_and_only_the_one_that_was_meant(cluster: KubernetesCluster):
    made = cluster.create_pod(manifest())
    assert made is not None
    name = made["metadata"]["name"]
    assert cluster.delete_pod(name, uid="00000000-0000-4000-8000-000000000000", force=True) is False
    assert cluster.get_pod(name) is not None
    assert cluster.delete_pod(name, uid=made["metadata"]["uid"], force=True) is True
    assert cluster.get_pod(name) is None
    assert cluster.delete_pod(name, uid=made["metadata"]["uid"]) is False


def test_the_pods_of_a_deployment_page_by_page(cluster: KubernetesCluster):
    mine = replace(REQUEST, deployment="mine")
    made = [cluster.create_pod(weaver_pod(weaver(), mine)) for _ in range(5)]
    cluster.create_pod(manifest())  # another's
    names, pages, token = [], 0, None
    while token or not pages:
        page = cluster.list_pods("mine", 2, token)
        names += [pod["metadata"]["name"] for pod in page.pods]
        token, pages = page.token, pages + 1
    assert names == sorted(pod["metadata"]["name"] for pod in made if pod)
    assert pages == 3
    assert cluster.list_pods("nobodys", 2, None) == PodPage([])
    with pytest.raises(PodListExpired):
        cluster.list_pods("mine", 2, _token_of_long_ago(cluster.list_pods("mine", 2, None)))


def _token_of_long_ago(page: PodPage) -> str:
    """The same place in a list of a resource version that is no longer kept: tokens are opaque, but not sealed."""
    assert page.token
    place = json.loads(base64.urlsafe_b64decode(page.token + "=" * (-len(page.token) % 4)))
    return base64.urlsafe_b64encode(json.dumps(place | {"rv": 1}).encode()).decode().rstrip("=")


def test_a_manifest_that_kubernetes_refuses(cluster: KubernetesCluster):
    wanted = manifest()
    wanted["metadata"]["name"] = "Not_A_Name"
    with pytest.raises(ClusterRefused, match=r"metadata\.name") as refused:
        cluster.create_pod(wanted)
    assert refused.value.details == {"k8s_code": 422, "k8s_reason": "Invalid"}


def test_a_namespace_that_is_not_there_is_named_with_the_command_to_make_it(kubeconfig: Path):
    nowhere = KubernetesCluster("nowhere", lambda: connect(kubeconfig))
    asks: list[Callable[[], object]] = [nowhere.ping, partial(nowhere.create_pod, manifest())]
    for ask in asks:
        with pytest.raises(NamespaceMissing, match="kubectl create namespace nowhere"):
            ask()


def test_a_wrong_token_is_refused(kubeconfig: Path, tmp_path: Path):
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"]["token"] = "wrong"
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    stranger = KubernetesCluster(NAMESPACE, lambda: connect(tmp_path / "kubeconfig"))
    asks: list[Callable[[], object]] = [
        stranger.ping,
        partial(stranger.get_pod, "x"),
        partial(stranger.create_pod, manifest()),
    ]
    for ask in asks:
        with pytest.raises(ClusterRefused, match="Unauthorized") as refused:
            ask()
        assert refused.value.details["k8s_code"] == 401


def test_the_namespace_that_is_there(cluster: KubernetesCluster):
    cluster.ping()
