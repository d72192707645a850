import fcntl
import os
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.permissions import Principal
from chalicelib.services.authenticate import token_hash
from local.edition import MANIFESTS
from scripts.bench_lambda import ARCHITECTURE
from scripts.package.__main__ import package
from tests.package.functions import Function, Package, running, unpack
from tests.processes import part

TOKENS = {
    "alice": Principal("user-alice", "org-alice"),
    "root": Principal("user-root", "org-root", system_role="system_admin"),
}


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Of the checkout, for this machine; once a session, however many processes the tests run in."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, unpacked = shared / "package", shared / "unpacked"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not unpacked.exists():
            package("dev", folder, ARCHITECTURE)
            unpack(folder, shared / "unpacking")
            (shared / "unpacking").rename(unpacked)  # whole or not at all
    return Package(folder, unpacked)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a function in a deployment of its own: AWS in memory, a table with tokens, a cluster."""
    folder = tmp_path_factory.mktemp("deployment")
    kubeconfig, key = folder / "control-plane.kubeconfig", folder / "ticket-key.pem"
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    node = (
        "--state", str(folder / "node"), "--kubeconfig", str(folder / "kubeconfig"), "--tls",
        "--manifests", str(MANIFESTS), f"--account-kubeconfig=loom/control-plane={kubeconfig}",
    )  # fmt: skip
    with part("local.kube", *node), part("local.aws") as aws:
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "LOOM_TABLE": "weavers-dev",
            "LOOM_SERVER_URL": "https://loom.example/v1",
            "LOOM_RELAY_URL": "wss://relay.example",
            "LOOM_KUBECONFIG": str(kubeconfig),
            "LOOM_TICKET_KEY_FILE": str(key),
        }
        _prepare(environment)
        yield environment


def _prepare(environment: dict[str, str]) -> None:
    """Makes the table and the tokens: on AWS, the stack's and an admin's work."""
    plane = ControlPlane(environment)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "made-up")
        plane.table.create()
        for token, principal in TOKENS.items():
            plane.tokens.add(token_hash(token), principal)


@pytest.fixture(scope="session")
def function(
    packaged: Package, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """In that deployment."""
    with running(packaged, settings, tmp_path_factory.mktemp("function") / "log") as function:
        yield function
