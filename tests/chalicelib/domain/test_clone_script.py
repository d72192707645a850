"""The clone container's script, really run: sh and git, a repository served from the disk."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from chalicelib.domain.pod_status import CLONE_FAILED
from tests.chalicelib.samples import weaver

REQUEST = PodRequest(clone_image="registry.example/git:1", server_url="https://loom.example")


@pytest.fixture
def git_env(tmp_path: Path) -> Mapping[str, str]:
    """Git without anybody's configuration."""
    author = {f"GIT_{who}_{what}": "a@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        **author,
    }


@pytest.fixture
def origin(tmp_path: Path, git_env: Mapping[str, str]) -> Path:
    """A bare repository with the branches main and feature."""
    source, bare = tmp_path / "source", tmp_path / "origin" / "project.git"

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=source, env=git_env, check=True, capture_output=True)

    source.mkdir()
    git("init", "--initial-branch", "main")
    (source / "README").write_text("hello\n")
    git("add", "README")
    git("commit", "-m", "first")
    git("branch", "feature")
    git("clone", "--bare", ".", str(bare))
    return bare


class Clone:
    """One run of the script in a pod's workspace, with the two absolute paths of a container moved to ``tmp_path``."""

    def __init__(self, tmp_path: Path, env: Mapping[str, str], repo: str, branch: str | None) -> None:
        self.workspace = tmp_path / "workspace"
        self.workspace.mkdir(exist_ok=True)
        self.termination_log = tmp_path / "termination-log"
        made = weaver(repo="https://git.example/o/project.git", branch=branch)
        (container,) = weaver_pod(made, REQUEST)["spec"]["initContainers"]
        shell, flag, script = container["command"]
        self.command = [shell, flag, script.replace("/dev/termination-log", str(self.termination_log))]
        told = {entry["name"]: entry["value"] for entry in container["env"]}
        self.env = {**told, **env, "LOOM_REPO": repo, "LOOM_WORKSPACE": str(self.workspace)}

    def run(self) -> str:
        """What it printed. It has exited 0."""
        done = subprocess.run(self.command, env=self.env, capture_output=True, text=True, timeout=30, check=True)
        assert done.stderr == ""
        return done.stdout

    @property
    def outcome(self) -> list[str]:
        return self.termination_log.read_text().splitlines()

    @property
    def notes(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.workspace / ".loom").iterdir()}


def head(workspace: Path, env: Mapping[str, str]) -> str:
    command = ["git", "rev-parse", "--abbrev-ref", "HEAD"]
    done = subprocess.run(command, cwd=workspace / "project", env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(("branch", "checked_out"), [(None, "main"), ("feature", "feature")])
def test_a_repository_is_cloned(tmp_path, git_env, origin, branch, checked_out):
    clone = Clone(tmp_path, git_env, f"file://{origin}", branch)
    printed = clone.run()
    assert (clone.workspace / "project" / "README").read_text() == "hello\n"
    assert head(clone.workspace, git_env) == checked_out
    assert clone.outcome == ["cloned"]
    assert clone.notes["clone.status"] == "0\n"
    assert set(clone.notes) == {"clone.status", "clone.log"}
    assert "Cloning into" in printed
    assert "\r" not in printed


@pytest.mark.parametrize(
    ("path", "branch", "last_line"),
    [
        ("/nowhere", None, "does not appear to be a git repository"),
        ("", "nope", "fatal: Remote branch nope not found"),
    ],
    ids=["no repository", "no branch"],
)
def test_a_failure_is_an_outcome_and_not_the_end_of_the_pod(tmp_path, git_env, origin, path, branch, last_line):
    clone = Clone(tmp_path, git_env, f"file://{origin}{path}", branch)
    printed = clone.run()
    assert clone.outcome[0] == f"{CLONE_FAILED} 128"
    assert any(last_line in line for line in clone.outcome[1:]), clone.outcome
    assert last_line in printed
    assert last_line in clone.notes["clone.log"]
    assert clone.notes["clone.status"] == "128\n"
    assert clone.termination_log.stat().st_size <= 4096
    assert not (clone.workspace / "project").exists()


def test_a_place_that_is_taken_is_a_failure_and_keeps_what_is_there(tmp_path, git_env, origin):
    clone = Clone(tmp_path, git_env, f"file://{origin}", None)
    (clone.workspace / "project").mkdir()
    (clone.workspace / "project" / "mine").write_text("kept")
    clone.run()
    assert clone.outcome[0].startswith(CLONE_FAILED)
    assert (clone.workspace / "project" / "mine").read_text() == "kept"


def test_no_git_in_the_image_is_a_failure_with_its_words(tmp_path, git_env, origin):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "mkdir", "tr", "tail", "sleep", "grep", "rm"):
        (tools / tool).symlink_to(Path("/usr/bin", tool) if Path("/usr/bin", tool).exists() else Path("/bin", tool))
    clone = Clone(tmp_path, {**git_env, "PATH": str(tools)}, f"file://{origin}", None)
    clone.run()
    assert clone.outcome[0] == f"{CLONE_FAILED} 127"
    assert "not found" in clone.outcome[-1]


@pytest.mark.parametrize("hostile", ["--upload-pack=touch owned", "$(touch owned)", "`touch owned`", "; touch owned"])
def test_nothing_in_an_address_or_branch_is_run(tmp_path, git_env, origin, hostile):
    by_address = Clone(tmp_path, git_env, hostile, None)
    by_branch = Clone(tmp_path, git_env, f"file://{origin}", hostile)
    for clone in (by_address, by_branch):
        subprocess.run(clone.command, env=clone.env, cwd=tmp_path, capture_output=True, timeout=30, check=True)
        assert clone.outcome[0].startswith(CLONE_FAILED)
    assert not list(tmp_path.rglob("owned"))


@pytest.fixture
def slow_git(tmp_path: Path, git_env: Mapping[str, str]) -> tuple[Path, Path]:
    """A folder with a git that shows progress as git does and then waits until something is written to the fifo."""
    fifo, folder = tmp_path / "go-on", tmp_path / "slow"
    os.mkfifo(fifo)
    folder.mkdir()
    real = subprocess.run(
        ["sh", "-c", "command -v git"], env=git_env, check=True, capture_output=True, text=True
    ).stdout
    (folder / "git").write_text(
        "#!/bin/sh\n"
        "printf 'Receiving objects:  10%%\\rReceiving objects:  50%%\\rReceiving objects:  70%%\\r' >&2\n"
        f"read -r _ <'{fifo}'\n"
        f'exec {real.strip()} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    return folder, fifo


def test_progress_becomes_lines_while_git_still_works(tmp_path, git_env, origin, slow_git):
    folder, fifo = slow_git
    clone = Clone(tmp_path, {**git_env, "PATH": f"{folder}:{git_env['PATH']}"}, f"file://{origin}", None)
    with subprocess.Popen(clone.command, env=clone.env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "Receiving objects:  70%\n"  # pytest's timeout is the deadline
            fifo.write_text("go on\n")
            rest = process.stdout.read()
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert clone.outcome == ["cloned"]
    assert "70%" not in clone.notes["clone.log"]
    assert "Cloning into" in rest
