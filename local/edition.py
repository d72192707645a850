"""The laptop edition: which parts there are, in which order they start, and what each is told."""

import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from local.cluster import USERS, Cluster
from local.supervisor import Supervisor

NAMESPACE: Final = "loom-weavers"
#: The image that weavers get when LOOM_WEAVER_IMAGE names no other: it has `loom session`, and our own node does not pull it.
IMAGE: Final = "ghcr.io/ghuntley/loom/weaver:latest"
#: What a platform engineer applies to a real cluster; our own node starts with it.
MANIFESTS: Final = Path(__file__).parents[1] / "infra" / "kubernetes" / "weavers.yaml"
#: The service accounts in it: the parts that talk to the cluster.
ACCOUNTS: Final = ("control-plane", "relay")


@dataclass(frozen=True, slots=True)
class Edition:
    """A running laptop edition: where its API is, and a developer's and an admin's token. ``kubeconfig`` is the cluster's
    administrator's, for the person at the laptop: the parts have their own."""

    url: str
    relay_url: str
    kubeconfig: Path
    token: str
    admin_token: str


async def start(
    supervisor: Supervisor, state: Path, tick: float = 60, namespace: str = NAMESPACE, cluster: Cluster | None = None
) -> Edition:
    """Starts every part; without a ``cluster`` our own node is one. Raises PartFailed.

    ``state`` is a private folder that exists; ``tick`` the seconds between sweeps.
    """
    key = state / "ticket-key.pem"
    tokens = {name: f"loom_{secrets.token_urlsafe(32)}" for name in ("developer", "admin", "relay")}
    _write_private(key, _new_key())
    _write_private(state / "tokens.json", json.dumps(_token_entries(tokens, cluster)).encode())
    image = os.environ.get("LOOM_WEAVER_IMAGE") or IMAGE
    if cluster:
        kubeconfigs = dict.fromkeys(("admin", *ACCOUNTS), cluster.kubeconfig)
    else:
        kubeconfigs = await _own_node(supervisor, state, namespace, image)
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    aws = await supervisor.start("aws", "local.aws")
    common = {"LOOM_SERVER_URL": url, "LOOM_NAMESPACE": namespace}
    relay_env = {
        "LOOM_KUBECONFIG": str(kubeconfigs["relay"]),
        "LOOM_RELAY_LISTEN": "127.0.0.1:0",
        "LOOM_RELAY_TOKEN": tokens["relay"],
    }
    relay = await supervisor.start("relay", "relay", env=common | relay_env)
    api_env = {
        "LOOM_KUBECONFIG": str(kubeconfigs["control-plane"]),
        "LOOM_RELAY_URL": relay.url.replace("http", "ws", 1),
        "LOOM_TICKET_KEY_FILE": str(key),
        "LOOM_DEPLOYMENT": f"laptop-{cluster.mark}" if cluster else "laptop",
        "LOOM_WEAVER_IMAGE": image,
        "LOOM_ALLOW_HTTP_REPOS": "true",
        "AWS_ENDPOINT_URL_DYNAMODB": aws.url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    arguments = ("--fd", str(listening.fileno()), "--state", str(state), "--tick", str(tick))
    with listening:
        await supervisor.start("api", "local.api", *arguments, env=common | api_env, fds=[listening.fileno()])
    return Edition(url, relay.url, kubeconfigs["admin"], tokens["developer"], tokens["admin"])


def _token_entries(tokens: dict[str, str], cluster: Cluster | None) -> list[dict[str, Any]]:
    """Whose tokens they are. The relay may look at every weaver, and so has the role of support."""
    developer, admin = (cluster.user(name) if cluster else name for name in USERS)
    principals: dict[str, dict[str, Any]] = {
        "developer": {"user_id": developer, "personal_org_id": f"personal-{developer}"},
        "admin": {"user_id": admin, "personal_org_id": f"personal-{admin}", "system_role": "system_admin"},
        "relay": {"user_id": "relay", "personal_org_id": "personal-relay", "system_role": "support"},
    }
    return [{"token": tokens[name], "principal": principals[name]} for name in tokens]


async def _own_node(supervisor: Supervisor, state: Path, namespace: str, image: str) -> dict[str, Path]:
    """The single-node pod API server with the namespaces, accounts and rights that a real cluster is given; the kubeconfigs
    of its administrator and of each part, which may do what its own role says and no more."""
    manifests = state / "weavers.yaml"
    manifests.write_text(MANIFESTS.read_text().replace(NAMESPACE, namespace))
    kubeconfigs = {account: state / f"{account}.kubeconfig" for account in ACCOUNTS}
    accounts = [f"--account-kubeconfig=loom/{account}={path}" for account, path in kubeconfigs.items()]
    admin = state / "kubeconfig"
    await supervisor.start(
        "kubernetes", "local.kube", "--state", str(state / "node"), "--kubeconfig", str(admin), "--loom-image", image,
        "--manifests", str(manifests), *accounts,
    )  # fmt: skip
    return {"admin": admin, **kubeconfigs}


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(path: Path, content: bytes) -> None:
    """Readable by this user only, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def environment(edition: Edition) -> dict[str, str]:
    """What a process needs to run ``loom`` against the edition as its developer."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "LOOM_URL": edition.url, "LOOM_TOKEN": edition.token, "PATH": path}
