"""``loom session`` on a terminal of its own, as a container runtime starts it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.loom.conftest import LOOM
from tests.loom.pseudo_terminal import PseudoTerminal

PROMPT = "ready> "
#: Starts a session; arguments are those of ``loom session``.
StartSession = Callable[..., PseudoTerminal]


@pytest.fixture
def pod_env(tmp_path: Path) -> dict[str, str]:
    """The environment that a weaver's pod gives, with the repository already cloned."""
    clone = tmp_path / "workspace" / "r"
    clone.mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "tmp").mkdir()
    (home / ".profile").write_text(f"PS1='{PROMPT}'\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(tmp_path / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "LOOM_WEAVER_ID": "019a0000-0000-7000-8000-0000a1b2c3d4",
        "LOOM_WEAVER_NAME": "otter",
        "LOOM_SERVER_URL": "https://loom.example.org",
        "LOOM_REPO": "https://example.org/o/r.git",
        "LOOM_BRANCH": "dev",
        "LOOM_WORKSPACE": str(clone.parent),
        "LOOM_EXPIRES_AT": "2999-01-01T00:00:00Z",
    }


@pytest.fixture
def session(pod_env: dict[str, str]) -> Iterator[StartSession]:
    with ExitStack() as terminals:

        def start(
            *arguments: str, env: dict[str, str] = pod_env, wrapper: tuple[str, ...] = (), **more: bool
        ) -> PseudoTerminal:
            command = [*wrapper, *LOOM, "session", *arguments]
            return terminals.enter_context(PseudoTerminal(command, env, **more))

        yield start
