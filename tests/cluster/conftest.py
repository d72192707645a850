"""A pod API server that is nobody's own, set up as docs/real-cluster.md says, and its TLS front: a cluster as kubeconfigs know them."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority, Pair
from tests.processes import part

MANIFESTS = Path(__file__).parents[2] / "infra/kubernetes"
NAMESPACE = "team-weavers"
IMAGE = "registry.example/tools/weaver:7"
#: The name in the certificate of the front that is not reached by its own.
SERVER_NAME = "kubernetes.internal"


@dataclass
class Cluster:
    """``server`` takes a certificate of ``authority`` or a token of the file ``tokens``; ``named`` has SERVER_NAME's certificate.

    Whoever comes through one of them has the rights of infra/kubernetes/laptop.yaml; ``own_kubeconfig`` is an administrator's.
    """

    folder: Path
    server: str
    named: str
    authority: Authority
    client: Pair
    tokens: Path
    own_kubeconfig: Path

    def kubeconfig(self, path: Path, user: dict[str, Any], *, named: bool = False) -> Path:
        """Written to ``path``, which is returned."""
        ca = base64.b64encode(self.authority.certificate).decode()
        cluster: dict[str, Any] = {"server": self.server, "certificate-authority-data": ca}
        if named:
            cluster |= {"server": self.named, "tls-server-name": SERVER_NAME}
        content = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "not-this-one"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
        }
        path.write_text(json.dumps(content))
        return path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    authority = Authority()
    for name, pair in (("server", authority.sign("server")), ("named", authority.sign("server", SERVER_NAME))):
        (folder / f"{name}.pem").write_bytes(pair.certificate + pair.key)
    (folder / "ca.pem").write_bytes(authority.certificate)
    tokens = folder / "tokens"
    tokens.write_text("right\n")
    own, laptop = folder / "own-kubeconfig", folder / "laptop-kubeconfig"
    arguments = ("--kubeconfig", str(laptop), "--client-ca", str(folder / "ca.pem"), "--tokens", str(tokens))
    node = ["--state", str(folder / "node"), "--kubeconfig", str(own), "--loom-image", IMAGE]
    node.append(f"--account-kubeconfig=loom/laptop={laptop}")
    for name in ("weavers.yaml", "laptop.yaml"):
        (folder / name).write_text((MANIFESTS / name).read_text().replace("loom-weavers", NAMESPACE))
        node += ["--manifests", str(folder / name)]
    with (
        part("local.kube", *node),
        part("tests.cluster.front", *arguments, "--certificate", str(folder / "server.pem")) as server,
        part("tests.cluster.front", *arguments, "--certificate", str(folder / "named.pem")) as named,
    ):
        yield Cluster(folder, server, named, authority, authority.sign("client"), tokens, own)


def write_plugin(path: Path, token_file: Path) -> None:
    """A credential plugin that gives the token in ``token_file``, until it is refused."""
    kind = '"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"'
    credential = f'{{{kind}, "status": {{"token": "%s"}}}}'
    path.write_text(f"#!/bin/sh\necho asked >>{path}.asked\nprintf '{credential}' \"$(cat {token_file})\"\n")
    path.chmod(0o755)
