"""Executing in a running container: streams, exit codes, and whom the program belongs to."""

import asyncio
import contextlib
import re
from pathlib import Path

import pytest

from local.kube.node import ExecFailed
from local.kube.objects import Object
from local.kube.status import PlainError
from tests.local.kube.node.conftest import DEADLINE, Node, container, isolated, pod, read_until, shell


@pytest.fixture
async def busy(node: Node) -> Object:
    """A running pod."""
    node.create(pod(container("weaver", "sleep", "600")))
    return await node.phase("Running")


async def output(
    node: Node, found: Object, *command: str, tty: bool = False, stdin: bytes | None = None
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    execution = await node.kubelet.execute(found, "weaver", command, tty=tty, stdin=stdin is not None)
    seen = {1: b"", 2: b""}
    async with asyncio.timeout(DEADLINE):
        if stdin is not None:
            await execution.write(stdin)
            execution.close_stdin()
        while (chunk := await execution.read()) is not None:
            seen[chunk[0]] += chunk[1]
        code = await execution.exit_code()
    execution.close()
    return code, seen[1].decode(), seen[2].decode()


@pytest.mark.parametrize(
    ("script", "code"),
    [("true", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -15 $$", 143), ("no-such-command", 127)],
)
async def test_its_exit_code(node, busy, script, code):
    assert (await output(node, busy, "bash", "-c", script))[0] == code


async def test_its_streams_are_apart_and_stdin_can_end(node, busy):
    script = "cat; echo err >&2"
    assert await output(node, busy, "sh", "-c", script, stdin=b"in\n") == (0, "in\n", "err\n")


async def test_without_stdin_there_is_nothing_to_read(node, busy):
    assert await output(node, busy, "cat") == (0, "", "")


async def test_it_has_the_container_s_environment_and_directory(node):
    env = [{"name": "COLOUR", "value": "red"}]
    node.create(pod(container("weaver", "sleep", "600", env=env, workingDir="/workspace")))
    found = await node.phase("Running")
    code, out, _ = await output(node, found, "sh", "-c", "echo $COLOUR $TERM; touch here; ls /workspace")
    assert (code, out) == (0, "red\nhere\n")
    assert (await output(node, found, "sh", "-c", "echo $TERM", tty=True))[1] == "xterm\r\n"


@isolated
async def test_it_is_in_the_container_as_its_user(node, busy):
    script = "id -u; id -g; hostname; grep -E '^(Cap|NoNewPrivs)' /proc/self/status | cut -f2 | sort -u; ls /proc/self/fd; readlink /proc/1/exe"
    code, out, err = await output(node, busy, "bash", "-c", script)
    assert (code, err) == (0, "")
    lines = out.split()
    assert lines[:3] == ["1000", "1000", "weaver-1"]
    assert lines[3:5] == ["0" * 16, "1"], "no capability in any set, and no new privileges"
    assert lines[5:9] == ["0", "1", "2", "3"], "3 is how ls reads the folder"
    assert lines[9].endswith("sleep")
    seen = await output(
        node, busy, "sh", "-c", "kill -0 1 && echo may signal; cat /proc/1/environ | tr '\\0' '\\n' | grep HOME"
    )
    assert seen[1] == "may signal\nHOME=/home/weaver\n"


@isolated
async def test_its_groups_are_the_container_s(node, busy):
    code, out, _ = await output(node, busy, "sh", "-c", "touch /workspace/x && id -G")
    assert (code, out.split()) == (0, ["1000"])


async def test_a_terminal(node, busy):
    shell_ = await node.kubelet.execute(busy, "weaver", ["env", "PS1=ready> ", "bash", "--norc"], tty=True, stdin=True)
    await read_until(shell_, "ready> ")
    shell_.resize(30, 100)
    await shell_.write(b"stty size\r")
    await read_until(shell_, "30 100\r\n")
    await shell_.write(b"sh -c 'echo st\"\"arted; exec sleep 100'\r")
    await read_until(shell_, "started\r\n")
    await shell_.write(b"\3")
    await read_until(shell_, "ready> ")
    await shell_.write(b"echo $?\r")
    await read_until(shell_, "130\r\n")
    await shell_.write(b"exit 5\r")
    async with asyncio.timeout(DEADLINE):
        assert await shell_.exit_code() == 5
    shell_.close()


async def test_a_terminal_outlives_its_client(node, busy):
    execution = await node.kubelet.execute(
        busy, "weaver", ["sh", "-c", "echo go; until [ -e /workspace/go ]; do sleep 0.05; done; seq 100000; echo done >/workspace/done"],
        tty=True, stdin=True,
    )  # fmt: skip
    await read_until(execution, "go")
    execution.close()
    assert (
        await output(node, busy, "sh", "-c", "touch /workspace/go; until [ -e /workspace/done ]; do sleep 0.05; done")
    )[0] == 0
    async with asyncio.timeout(DEADLINE):
        assert await execution.exit_code() == 0


async def test_a_program_that_reads_reads_its_end_when_the_client_leaves(node, busy):
    execution = await node.kubelet.execute(busy, "weaver", ["cat"], tty=False, stdin=True)
    execution.close()
    async with asyncio.timeout(DEADLINE):
        assert await execution.exit_code() == 0


async def test_it_ends_with_the_container(node, busy):
    script = "trap '' TERM HUP; setsid sleep 601 & echo ready; wait; sleep 602"
    execution = await node.kubelet.execute(busy, "weaver", ["bash", "-c", script], tty=False, stdin=False)
    await read_until(execution, "ready")
    pids = await asyncio.to_thread(_sleepers)
    node.delete(0)
    async with asyncio.timeout(DEADLINE):
        assert await execution.exit_code() == 137
    await node.gone()
    assert not pids & await asyncio.to_thread(_sleepers)


async def test_a_client_that_does_not_read_stops_the_program_and_nobody_else(node, busy):
    stuck = await node.kubelet.execute(busy, "weaver", ["yes"], tty=False, stdin=False)
    assert (await output(node, busy, "echo", "hi"))[1] == "hi\n"
    stuck.close()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["no-such-command"], 'unable to start container process: exec: "no-such-command": executable file not found in $PATH: unknown'),
        (["/etc/passwd"], 'unable to start container process: exec: "/etc/passwd": permission denied: unknown'),
        ([], "exec failed: args must not be empty: unknown"),
    ],
)  # fmt: skip
async def test_what_does_not_start(node, busy, command, why):
    with pytest.raises(ExecFailed, match=re.escape(why)):
        await node.kubelet.execute(busy, "weaver", command, tty=False, stdin=False)


async def test_where_nothing_runs(node):
    found, _ = await node.finished(shell("true"))
    with pytest.raises(PlainError, match=re.escape('container not found ("weaver")')):
        node.kubelet.require_running(found, "weaver")


def _sleepers() -> set[str]:
    """The processes of these tests that sleep for 601 seconds or 602, by their folder."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if process.joinpath("cmdline").read_bytes() in (b"sleep\x00601\x00", b"sleep\x00602\x00"):
                found.add(process.name)
    return found
