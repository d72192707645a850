"""``make demo`` without a terminal shows the whole tour and leaves nothing behind; so does a supervisor that is killed."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.loom.pseudo_terminal import DEADLINE
from tests.processes import marked_processes
from tests.waiting import until

pytestmark = pytest.mark.laptop("it starts editions of its own")


def marked_environment(home: Path) -> tuple[dict[str, str], str]:
    mark = f"test-{uuid.uuid4()}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "HOME": str(home), "PATH": path, "WEAVERS_TEST_MARK": mark}, mark


def test_the_tour(tmp_path: Path):
    env, mark = marked_environment(tmp_path)
    command = [sys.executable, "-m", "local", "demo", "--state", str(tmp_path / "state")]
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * DEADLINE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = ("$ loom new", "$ loom attach", "hello from inside the weaver", "$ loom ps", "$ loom delete", "demo: ok\n")
    places = [done.stdout.find(step) for step in steps]
    assert places == sorted(places), done.stdout
    assert -1 not in places, done.stdout
    assert done.stdout.endswith("demo: ok\n")
    assert "\x1b" not in done.stdout
    assert marked_processes(mark) == {}


def test_a_killed_supervisor_takes_every_part_with_it(tmp_path: Path):
    env, mark = marked_environment(tmp_path)
    command = [sys.executable, "-m", "local", "up", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as up:
        try:
            assert up.stdout
            assert any(line.startswith("Ctrl+C ends") for line in up.stdout)
            loom = ["loom", "new", "--name", "left-behind"]
            subprocess.run(loom, env=env, stdin=subprocess.DEVNULL, check=True, timeout=DEADLINE)
            assert len(marked_processes(mark)) >= 5
        finally:
            up.send_signal(signal.SIGKILL)
    until(lambda: marked_processes(mark) == {})


def test_a_part_that_dies_ends_the_rest_and_is_named(tmp_path: Path):
    env, mark = marked_environment(tmp_path)
    command_line = [sys.executable, "-m", "local", "up", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command_line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        try:
            assert up.stdout
            assert up.stderr
            assert any(line.startswith("Ctrl+C ends") for line in up.stdout)
            relay = next(pid for pid, command in marked_processes(mark).items() if command.endswith("-m relay "))
            os.kill(relay, signal.SIGKILL)
            assert up.wait(DEADLINE) == 2
            assert "relay ended with exit code -9" in up.stderr.read()
        finally:
            up.kill()
    assert marked_processes(mark) == {}


def test_a_demo_that_is_stopped_ends_everything(tmp_path: Path):
    env, mark = marked_environment(tmp_path)
    command = [sys.executable, "-m", "local", "demo", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout
            assert any(line.startswith("$ loom attach") for line in demo.stdout)
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(DEADLINE) == 2
            assert "demo: failed: it was stopped" in demo.stdout.read()
        finally:
            demo.kill()
    assert marked_processes(mark) == {}
