"""The control plane as bootstrap makes it from settings, with two clusters that are real processes: files, and a secret of AWS."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.aws.clients import Aws
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.weaver import Weaver
from tests.chalicelib.proxies.servers import PodServer, pod_server
from tests.chalicelib.samples import ALICE
from tests.waiting import until

Places = dict[str, PodServer]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two-clusters")


@pytest.fixture(scope="module")
def places(folder: Path) -> Iterator[Places]:
    for name in ("default", "lab"):
        (folder / name).mkdir()
    with pod_server(folder / "default") as default, pod_server(folder / "lab") as lab:
        yield {"default": default, "lab": lab}


@pytest.fixture
def plane(
    places: Places, folder: Path, fresh_table: Table, aws_url: str, monkeypatch: pytest.MonkeyPatch
) -> ControlPlane:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    kubeconfig = (folder / "lab" / "kubeconfig").read_text()
    name = fresh_table.items.Meta.table_name
    Aws("us-east-1").ask("secretsmanager", "create_secret", Name=name, SecretString=kubeconfig)
    return ControlPlane(
        {
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": aws_url,
            "LOOM_TABLE": name,
            "LOOM_SERVER_URL": "https://loom.example",
            "LOOM_KUBECONFIG": str(folder / "default" / "kubeconfig"),
            "LOOM_CLUSTERS": json.dumps({"lab": {"kubeconfig_secret": name}}),
        }
    )


def created(plane: ControlPlane, cluster: str) -> Weaver:
    body = {"cluster": cluster, "image": "registry.example/i:1", "command": ["sleep", "1000"]}
    return plane.launch(ALICE, parse_create_request(body))


def test_each_weaver_lives_and_ends_in_its_cluster(plane: ControlPlane, places: Places):
    made = {name: created(plane, name) for name in places}
    other = {"default": "lab", "lab": "default"}
    clusters = {name: place.cluster() for name, place in places.items()}
    for name, weaver in made.items():
        until(lambda weaver=weaver: plane.describe(ALICE, weaver.id).status == "running")  # type: ignore[misc]
        assert clusters[name].get_pod(weaver.pod_name)
        assert clusters[other[name]].get_pod(weaver.pod_name) is None
    quiet = plane.sweep(reconcile=True)
    assert ([step.action for step in quiet.steps], quiet.failed_count, quiet.active) == ([], 0, 2)
    plane.stop(ALICE, made["lab"].id)
    until(lambda: clusters["lab"].get_pod(made["lab"].pod_name) is None)
    plane.sweep(reconcile=True)
    found = {name: plane.store.get(weaver.id) for name, weaver in made.items()}
    assert [(one.status, one.ended_at is None) for one in found.values() if one] == [
        ("running", True),
        ("succeeded", False),
    ]
