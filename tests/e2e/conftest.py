"""The laptop edition as `make up` starts it, once for all end-to-end tests of one worker, and ``loom`` as its user has it."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes.client
import kubernetes.config
import pytest

from tests.loom.pseudo_terminal import DEADLINE, PseudoTerminal
from tests.waiting import until

NAMESPACE = "loom-weavers"


@dataclass(frozen=True)
class Edition:
    """A running edition. ``env`` is the environment of its user, whose home has the login that it wrote."""

    env: dict[str, str]
    relay_url: str
    repo: str
    state: Path
    admin_token: str

    @property
    def login(self) -> dict[str, str]:
        return tomllib.loads((Path(self.env["HOME"]) / ".config/loom/config.toml").read_text())

    def loom(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``loom`` without a terminal, to its end."""
        return subprocess.run(
            ["loom", *arguments], env=self.env, capture_output=True, text=True, timeout=2 * DEADLINE,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def terminal(self, *arguments: str, rows: int = 24, cols: int = 100) -> PseudoTerminal:
        """``loom`` on a terminal of its own."""
        return PseudoTerminal(["loom", *arguments], self.env, rows, cols)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.loom("ps", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        weavers: list[dict[str, Any]] = json.loads(done.stdout)
        return weavers

    def pods(self) -> list[Any]:
        """The cluster's pods, by the official client."""
        config = str(self.state / "kubeconfig")
        with kubernetes.config.new_client_from_config(config) as client:  # type: ignore[no-untyped-call]
            return kubernetes.client.CoreV1Api(client).list_namespaced_pod(NAMESPACE).items

    def pod_is_gone(self, weaver_id: str) -> None:
        until(lambda: all(pod.metadata.name != f"weaver-{weaver_id}" for pod in self.pods()))


@pytest.fixture(scope="session")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edition]:
    with running_edition(tmp_path_factory.mktemp("edition")) as running:
        yield running


@contextmanager
def running_edition(folder: Path) -> Iterator[Edition]:
    """An edition of its own, below ``folder``, for tests that break one."""
    home, state = folder / "home", folder / "state"
    home.mkdir()
    env = {**os.environ, "HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    env = {name: value for name, value in env.items() if not name.startswith(("LOOM_", "XDG_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state", str(state), "--tick", "1"],
        env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            urls = dict(_parts_until_ready(process))
            tokens = json.loads((state / "tokens.json").read_text())
            admin = next(entry["token"] for entry in tokens if entry["principal"]["user_id"] == "admin")
            yield Edition(env, urls["relay"], f"{urls['git']}/hello.git", state, admin)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(DEADLINE)


def _parts_until_ready(process: "subprocess.Popen[str]") -> Iterator[tuple[str, str]]:
    assert process.stdout
    for line in process.stdout:
        if part_line := re.fullmatch(r"  (\w+) +(http\S+)\n", line):
            yield part_line[1], part_line[2]
        if line.startswith("Ctrl+C ends"):
            return
    raise AssertionError(f"make up ended with exit code {process.wait()}")


@pytest.fixture
def weaver(edition: Edition) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes weavers that run; they are deleted after the test."""
    made: list[str] = []

    def make(*arguments: str) -> dict[str, Any]:
        done = edition.loom("new", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        weaver: dict[str, Any] = json.loads(done.stdout)
        made.append(weaver["id"])
        return weaver

    yield make
    if made:
        assert edition.loom("delete", *made).returncode == 0
