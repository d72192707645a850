"""The laptop edition as `make up` starts it, once for all end-to-end tests of one worker, and ``loom`` as its user has it.

With ``--cluster-kubeconfig`` it runs its weavers in that cluster (docs/real-cluster.md): the same tests, but for those marked
``laptop``, and ``loom_session`` where the image has no ``loom``.
"""

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

from tests.cluster.target import Target, add_options, leave_out, target_of, tell
from tests.loom.pseudo_terminal import DEADLINE, PseudoTerminal
from tests.waiting import until

NAMESPACE = "loom-weavers"
_TARGET = pytest.StashKey[Target]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if target := target_of(config):
        config.stash[_TARGET] = target
        leave_out(config, items, target)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if target := config.stash.get(_TARGET, None):
        tell(terminalreporter, target)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Whatever happened: the cluster is left as it was found."""
    if target := session.config.stash.get(_TARGET, None):
        target.clean()
        target.remove_state(keep_logs=session.testsfailed > 0)


@dataclass(frozen=True)
class Edition:
    """A running edition. ``env`` is the environment of its user, whose home has the login that it wrote.

    ``main`` is the command that weavers need where the image has no ``loom session``; ``brief`` a lifetime, in hours, within which
    a weaver surely runs.
    """

    env: dict[str, str]
    relay_url: str
    repo: str
    state: Path
    admin_token: str
    namespace: str = NAMESPACE
    main: tuple[str, ...] = ()
    brief: str = "0.002"  # 7.2 seconds

    @property
    def login(self) -> dict[str, str]:
        return tomllib.loads((Path(self.env["HOME"]) / ".config/loom/config.toml").read_text())

    @property
    def missing_repo(self) -> str:
        """One that is not there."""
        return f"{self.repo.rpartition('/')[0]}/nothing-here.git"

    @property
    def clone(self) -> str:
        """Where a weaver has its clone."""
        return f"/workspace/{self.repo.rpartition('/')[2].removesuffix('.git')}"

    def command(self, *arguments: str) -> list[str]:
        """``loom`` with these arguments; a new weaver of an image without ``loom session`` is given a main process."""
        makes_weaver = arguments[0] == "new" and not {"--", "--image"} & set(arguments)
        return ["loom", *arguments, *(("--", *self.main) if makes_weaver and self.main else ())]

    def loom(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``loom`` without a terminal, to its end."""
        return subprocess.run(
            self.command(*arguments), env=self.env, capture_output=True, text=True, timeout=2 * DEADLINE,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def terminal(self, *arguments: str, rows: int = 24, cols: int = 100) -> PseudoTerminal:
        """``loom`` on a terminal of its own."""
        return PseudoTerminal(self.command(*arguments), self.env, rows, cols)

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.loom("ps", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        weavers: list[dict[str, Any]] = json.loads(done.stdout)
        return weavers

    def pods(self) -> list[Any]:
        """The cluster's pods, by the official client."""
        config = str(self.state / "kubeconfig")
        with kubernetes.config.new_client_from_config(config) as client:  # type: ignore[no-untyped-call]
            return kubernetes.client.CoreV1Api(client).list_namespaced_pod(self.namespace).items

    def pod_is_gone(self, weaver_id: str) -> None:
        until(lambda: all(pod.metadata.name != f"weaver-{weaver_id}" for pod in self.pods()))


@pytest.fixture(scope="session")
def edition(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Edition]:
    with running_edition(tmp_path_factory.mktemp("edition"), pytestconfig.stash.get(_TARGET, None)) as running:
        yield running


@contextmanager
def running_edition(folder: Path, target: Target | None = None) -> Iterator[Edition]:
    """An edition of its own, below ``folder``, for tests that break one; in the cluster that is the ``target``, if there is one."""
    home, state = folder / "home", target.state if target else folder / "state"
    home.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LOOM_", "XDG_"))}
    env = {**inherited, "HOME": str(home), "PATH": path}
    if target:  # its credential plugins find their own files in the home that is really theirs
        login = {"LOOM_CONFIG": str(home / ".config/loom/config.toml")}
        up_env = {**inherited, "PATH": path, **login, **target.environment()}
    else:
        up_env = env
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state", str(state), "--tick", "1", *(target.arguments() if target else ())],
        env=up_env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            urls = dict(_parts_until_ready(process))
            tokens = json.loads((state / "tokens.json").read_text())
            admin = next(entry["token"] for entry in tokens if entry["principal"].get("system_role") == "system_admin")
            if target:
                main = () if target.has_loom else ("bash",)
                yield Edition(
                    env, urls["relay"], target.repo, state, admin, target.namespace, main, brief=f"{DEADLINE / 4:.0f}s"
                )
            else:
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
