"""Every command that the README shows is run, in its order, as its reader would; every file it links to is there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Edition, edition  # noqa: F401  # a fixture
from tests.loom.pseudo_terminal import DEADLINE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
#: Run elsewhere: the demo by tests/e2e/test_demo.py, `make up` by the fixture, and `make test` runs this.
MAKE = {"make demo", "make test", "make up"}


def test_the_make_targets_are_there():
    assert set(COMMANDS) >= MAKE
    for command in MAKE:
        subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.xdist_group("e2e")
def test_the_tour_works_as_it_is_written(edition: Edition):  # noqa: F811  # the fixture
    tour = [command for command in COMMANDS if command not in MAKE]
    assert len(tour) >= 5
    for command in tour:
        words = shlex.split(re.sub(r"http://127\.0\.0\.1:\d+/hello\.git", edition.repo, command))
        assert words[0] == "loom", f"who runs {command!r}?"
        if words[1] == "attach" or (words[1] == "new" and "--no-attach" not in words):
            _in_a_terminal(edition, words[1:])
        else:
            done = subprocess.run(words, env=edition.env, capture_output=True, text=True, timeout=DEADLINE, check=False)
            assert done.returncode == 0, (command, done.stderr)


def _in_a_terminal(running: Edition, arguments: list[str]) -> None:
    with running.terminal(*arguments) as terminal:
        terminal.screen.expect(rb"[$#] ")
        terminal.type(b"python3 hello.py\r")
        terminal.expect("hello from inside the weaver")
        terminal.screen.expect(rb"[$#] ")
        terminal.type(b"exit\r")
        assert terminal.ends() == 0
        assert "come back with: loom attach" in terminal.rest()


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target
