"""The real program with TLS, the cluster's manifests, and pods of its own: as clients from outside find it."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.kube.objects import Object
from scripts.kubectl import kubectl
from tests.local.kube.api.conftest import manifest
from tests.local.kube.conftest import DEADLINE, RunningServer, running_server

MANIFESTS = Path(__file__).parents[4] / "infra" / "kubernetes" / "weavers.yaml"


@dataclass(frozen=True)
class Kubectl:
    """kubectl 1.36 as an administrator, in the weavers' namespace. ``folder`` is its cache's and the test's own."""

    kubeconfig: Path
    folder: Path

    def command(self, *words: str, namespace: str = "loom-weavers") -> list[str]:
        cache = f"--cache-dir={self.folder / 'cache'}"
        return [str(kubectl()), f"--kubeconfig={self.kubeconfig}", cache, "-n", namespace, *words]

    def run(self, *words: str, namespace: str = "loom-weavers") -> subprocess.CompletedProcess[str]:
        command = self.command(*words, namespace=namespace)
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)

    def __call__(self, *words: str) -> str:
        """Its output. Fails when it does."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def started(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Running, with its output to read; ended afterwards, by its id."""
        with subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()


@pytest.fixture
async def tls_server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    accounts = [f"--account-kubeconfig=loom/{name}={tmp_path / name}" for name in ("control-plane", "relay")]
    async with running_server(tmp_path, "--tls", "--manifests", str(MANIFESTS), *accounts) as running:
        yield running


@pytest.fixture
async def kube(tls_server: RunningServer, tmp_path: Path) -> Kubectl:
    await asyncio.to_thread(kubectl)  # unpacks it, once
    return Kubectl(tls_server.kubeconfig, tmp_path)


def pod(name: str, script: str) -> Object:
    """A weaver's pod that runs ``script`` in place of a shell."""
    found = manifest(name, terminationGracePeriodSeconds=1)
    found["spec"]["containers"][0] |= {"command": ["sh", "-c", script], "tty": False, "stdin": False}
    return found
