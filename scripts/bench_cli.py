"""The budgets of the command line, against kubectl: both list a dozen in a laptop edition, over TLS, as whole processes."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import yaml

from local.edition import NAMESPACE, Edition, start
from local.supervisor import Supervisor
from scripts.kubectl import kubectl
from scripts.tls import tls_front
from tests.certificates import Authority

LOOM: Final = (str(Path(sys.executable).with_name("loom")),)
LOOM_PS: Final = (*LOOM, "ps")
LOOM_HELP: Final = (*LOOM, "--help")
_WEAVERS: Final = 12
_DEADLINE: Final = 120

Ratio = Callable[[Sequence[str], Sequence[str], Mapping[str, str]], float]


def against_kubectl(ratio: Ratio) -> tuple[float, float]:
    """``loom ps`` against ``kubectl get pods``, and ``loom --help`` against ``loom ps``."""
    return asyncio.run(_against_kubectl(ratio))


async def _against_kubectl(ratio: Ratio) -> tuple[float, float]:
    get_pods = (str(kubectl()), "get", "pods")
    async with _user() as env:
        await asyncio.to_thread(_make_weavers, env, get_pods)
        ps = await asyncio.to_thread(ratio, LOOM_PS, get_pods, env)
        help_ = await asyncio.to_thread(ratio, LOOM_HELP, LOOM_PS, env)
    return ps, help_


@asynccontextmanager
async def _user() -> AsyncIterator[Mapping[str, str]]:
    """A running edition; yields the environment of its user, whose home has the configuration of both programs."""
    with tempfile.TemporaryDirectory(prefix="weavers-bench-") as name:
        folder = Path(name)
        authority = Authority()
        pair = authority.sign("bench")
        trusted = folder / "certificates"
        trusted.mkdir()
        (trusted / authority.file_name).write_bytes(authority.certificate)
        async with Supervisor(folder / "logs", lambda _text: None) as supervisor:
            edition = await start(supervisor, folder)
            kubernetes = yaml.safe_load(edition.kubeconfig.read_text())
            server = kubernetes["clusters"][0]["cluster"]["server"]
            async with tls_front(edition.url, pair, folder) as api, tls_front(server, pair, folder) as cluster:
                kubernetes["clusters"][0]["cluster"] = {
                    "server": cluster,
                    "certificate-authority": str(trusted / authority.file_name),
                }
                kubernetes["contexts"][0]["context"]["namespace"] = NAMESPACE
                yield _configured(folder, edition, api, kubernetes)


def _configured(folder: Path, edition: Edition, api: str, kubeconfig: object) -> Mapping[str, str]:
    files = {
        "home/.kube/config": yaml.safe_dump(kubeconfig),
        "home/.config/loom/config.toml": f'url = "{api}"\ntoken = "{edition.token}"\n',
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(content)
    others = ("LOOM_", "KUBE", "XDG_", "SSL_CERT_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**env, "HOME": str(folder / "home"), "SSL_CERT_DIR": str(folder / "certificates")}


def _make_weavers(env: Mapping[str, str], get_pods: Sequence[str]) -> None:
    """Until all run: what still starts would be measured, too."""
    for _ in range(_WEAVERS):
        subprocess.run((*LOOM, "new", "--no-attach"), check=True, stdout=subprocess.DEVNULL, env=env, timeout=_DEADLINE)
    wait = (get_pods[0], "wait", "pods", "--all", "--for=jsonpath={.status.phase}=Running", f"--timeout={_DEADLINE}s")
    subprocess.run(wait, check=True, stdout=subprocess.DEVNULL, env=env, timeout=2 * _DEADLINE)
