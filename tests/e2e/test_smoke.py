"""``make smoke`` against the laptop edition: what works is said step by step, what does not is named, nothing is left."""

import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.conftest import Edition
from tests.loom.pseudo_terminal import DEADLINE

pytestmark = pytest.mark.xdist_group("e2e")
COMMAND = (sys.executable, "-m", "scripts.aws", "smoke")


def smoke(edition: Edition, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env={**edition.env, **env}, capture_output=True, text=True, timeout=3 * DEADLINE,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def left(edition: Edition) -> list[str]:
    """Weavers of a smoke test that live and are not on their way out."""
    living = (one for one in edition.listed() if one["status"] != "terminating")
    return [one["name"] for one in living if str(one["name"]).startswith("smoke-")]


@pytest.mark.loom_session
def test_a_deployment_that_works(edition: Edition):
    done = smoke(edition, f"--timeout={DEADLINE}")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line.removeprefix("smoke: ok  ") for line in done.stdout.splitlines()]
    beginnings = (
        "the API answers",
        "a path that is not there",
        "a weaver is made",
        "the relay takes us",
        "the weaver runs",
        "a command",
        "it is deleted",
    )
    *steps, last = steps
    assert len(steps) == len(beginnings), done.stdout
    assert all(step.startswith(begin) for step, begin in zip(steps, beginnings, strict=True)), done.stdout
    assert last == "smoke: ok"
    assert not any(str(one["name"]).startswith("smoke-") for one in edition.listed())


@pytest.mark.laptop("its image is run by the host's userland")
def test_an_image_of_ones_own_needs_no_more_than_a_shell(edition: Edition):
    done = smoke(edition, "--image=debian:13", f"--timeout={DEADLINE}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_weaver_that_never_runs_says_why_and_is_deleted(edition: Edition):
    done = smoke(edition, "--image=registry.invalid/tools:1", "--timeout=3")
    assert done.returncode == 2
    assert "not within 3 s: the weaver runs; it waits for " in done.stderr
    assert "registry.invalid/tools:1" in done.stderr
    assert "smoke: the weaver was deleted" in done.stdout
    assert left(edition) == []


def test_a_token_that_does_not_hold(edition: Edition):
    done = smoke(edition, LOOM_TOKEN="loom_wrong")
    assert done.returncode == 2
    assert "smoke: FAILED  a weaver is made" in done.stdout
    assert done.stderr.startswith("smoke: failed: ")


def test_a_url_that_is_no_control_plane(edition: Edition):
    done = smoke(edition, f"--url={edition.relay_url}/t")
    assert done.returncode != 0
    assert done.stderr.startswith("smoke: failed: ")
    assert "a weaver is made" not in done.stdout


def test_one_that_is_stopped_deletes_what_it_made(edition: Edition):
    command = [*COMMAND, "--image=registry.invalid/tools:1", f"--timeout={DEADLINE}"]
    with subprocess.Popen(
        command, env=edition.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as smoking:
        assert smoking.stdout
        assert smoking.stderr
        assert any(line.startswith("smoke: ok  the relay takes us") for line in smoking.stdout)
        smoking.send_signal(signal.SIGTERM)
        assert smoking.wait(DEADLINE) == 130
        assert smoking.stderr.read().endswith("smoke: interrupted\n")
    assert left(edition) == []


@pytest.mark.laptop("its image is run by the host's userland")
def test_make_tells_which_deployment_and_as_whom(edition: Edition):
    wanted = {name: value for name, value in edition.login.items() if name in ("url", "token")}
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "smoke", f"URL={wanted['url']}", f"TOKEN={wanted['token']}", "IMAGE=debian:13"],
        env={**env, "LOOM_CONFIG": "/nonexistent"}, capture_output=True, text=True, timeout=3 * DEADLINE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("smoke: ok\n")
