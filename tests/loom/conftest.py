"""A ``loom`` that talks to stand-ins: its API and relay, its environment, and ways to run it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.loom.pseudo_terminal import DEADLINE, PseudoTerminal
from tests.loom.stand_in import TOKEN, Api, Relay, api_server, relay_server

LOOM = [sys.executable, "-m", "loom"]


@pytest.fixture
def relay() -> Iterator[Relay]:
    with relay_server() as relay:
        yield relay
        assert relay.failures.empty(), relay.failures.get()


@pytest.fixture
def api(relay: Relay) -> Iterator[Api]:
    """An API with one weaver, whose tickets lead to ``relay``."""
    with api_server() as api:
        api.has_one_weaver(relay)
        yield api


@pytest.fixture
def env(api: Api, tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose configuration is in the environment and whose home is empty."""
    return user_env(api, tmp_path)


def user_env(api: Api, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "LOOM_URL": api.url,
        "LOOM_TOKEN": TOKEN,
    }


Run = Callable[..., subprocess.CompletedProcess[str]]
OnTerminal = Callable[..., PseudoTerminal]


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """Runs ``loom`` without a terminal."""

    def run(*arguments: str, env: dict[str, str] = env) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LOOM, *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE
        )

    return run


@pytest.fixture
def on_terminal(env: dict[str, str]) -> Iterator[OnTerminal]:
    """Runs ``loom`` on a terminal of its own."""
    with ExitStack() as terminals:
        yield lambda *arguments, **more: terminals.enter_context(PseudoTerminal([*LOOM, *arguments], env, **more))
