"""How pods end: asked, forced, or because the server ended."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.kube.registry import Registry
from tests.local.kube.node.conftest import DEADLINE, LOOM_IMAGE, NAMESPACE, container, pod, read_until, shell

ROOT = Path(__file__).parents[4]


def changes(registry: Registry) -> list[tuple[str, str, int | None]]:
    """Every change of the pod: type, phase and grace."""
    found = registry.changes_since("pods", 1)
    return [
        (change.type, change.object["status"]["phase"], change.object["metadata"].get("deletionGracePeriodSeconds"))
        for change in found
    ]


async def test_a_deleted_pod_is_asked_first(node):
    node.create(
        pod(
            shell(
                "trap 'echo asked; exit 0' TERM; read line; echo ready; while :; do sleep 0.1; done",
                stdin=True,
                tty=True,
            )
        )
    )
    viewer = node.kubelet.attach(await node.phase("Running"), "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "ready")
    node.delete(30)
    await node.gone()
    last = changes(node.registry)[-4:]
    assert last == [
        ("MODIFIED", "Running", 30),
        ("MODIFIED", "Succeeded", 30),
        ("MODIFIED", "Succeeded", 0),
        ("DELETED", "Succeeded", 0),
    ]
    assert [event["reason"] for event in node.events()][-1] == "Killing"
    assert node.events()[-1]["message"] == "Stopping container weaver"


async def test_what_does_not_end_in_time_is_killed(node):
    node.create(pod(shell("trap '' TERM; read line; echo ready; while :; do sleep 0.1; done", stdin=True, tty=True)))
    found = await node.phase("Running")
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "ready")
    node.delete(1)
    await node.gone()
    ended = node.registry.changes_since("pods", 1)[-1].object["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")


async def test_a_pod_removed_at_once_leaves_no_process_and_no_file(node):
    node.create(pod(shell("trap '' TERM; read line; echo ready; sleep 1000 & wait; sleep 1000", stdin=True, tty=True)))
    found = await node.phase("Running")
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "ready")
    folder = node.state / "pods" / found["metadata"]["uid"]
    log_ended = node.kubelet.log_ended(found, "weaver")
    node.registry.delete("pods", NAMESPACE, "weaver-1")
    async with asyncio.timeout(DEADLINE):
        while await viewer.read() is not None:
            pass
        await log_ended.wait()
        await node.kubelet.close()
    assert not folder.exists()


async def test_the_name_can_be_used_again_at_once(node):
    node.create(pod(shell("trap '' TERM; sleep 1000 & wait; sleep 1000")))
    await node.phase("Running")
    node.registry.delete("pods", NAMESPACE, "weaver-1")
    node.create(pod(shell("exit 0")))
    await node.phase("Succeeded")


async def test_an_init_container_is_ended_too(node):
    node.create(pod(shell("true"), container("clone", "sleep", "600")))
    await node.until(lambda pod: "running" in str(pod["status"].get("initContainerStatuses")))
    node.delete(0)
    await node.gone()
    assert node.events()[-1]["message"] == "Stopping container clone"


async def test_loom_session_is_the_first_process_and_ends_when_asked(node):
    main = container(
        "weaver", stdin=True, tty=True, image=LOOM_IMAGE, env=[{"name": "LOOM_WEAVER_NAME", "value": "blue"}]
    )
    del main["command"]
    node.create(pod(main))
    viewer = node.kubelet.attach(await node.phase("Running"), "weaver")
    viewer.resize(24, 80)
    await read_until(viewer, "weaver blue")
    await viewer.write(b"echo shell-$((40+2)); exit\n")
    await read_until(viewer, "shell-42")
    await read_until(viewer, "loom.dev;shell-ended")
    await viewer.write(b"echo again-$((40+2))\n")
    await read_until(viewer, "again-42")
    node.delete(20)
    await node.gone()
    assert node.registry.changes_since("pods", 1)[-1].object["status"]["phase"] == "Succeeded"


#: A server in a process of its own, that makes one pod and says when its container runs.
SERVER = """
import asyncio, json, sys
from pathlib import Path
from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubelet import Kubelet
from local.kube.registry import Registry
from local.kube.runtime.bubblewrap import Bubblewrap
from local.kube.runtime.plain import Plain

async def main(kind, state, pod):
    registry, state = Registry(), Path(state)
    isolation = {"bubblewrap": Bubblewrap, "plain": Plain}[kind](state / "shared")
    tokens = ServiceAccountTokens(registry)
    kubelet = Kubelet(registry, state=state, loom_images=frozenset(), tokens=tokens, isolation=isolation)
    await kubelet.start()
    registry.create("pods", json.loads(pod))
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""

#: Writes to a pipe of the test that every process of the container holds, so that its end is the last one's end.
STUBBORN = """
trap '' TERM HUP INT
( trap '' TERM HUP INT; setsid sleep 1000 ) >>{pipe} 2>&1 & sleep 1000 >>{pipe} 2>&1 &
echo ready >>{pipe}; exec >>{pipe} 2>&1; while :; do sleep 1000; done
"""


@pytest.mark.parametrize("kind", [pytest.param("bubblewrap", marks=pytest.mark.needs_bwrap), "plain"])
async def test_the_server_s_end_by_kill_9_ends_every_process(kind, tmp_path):
    pipe = tmp_path / "pipe"
    shared = tmp_path / "node" / "pods"
    new = pod(
        shell(
            "mkfifo -m 666 /workspace/pipe; until [ -e /workspace/go ]; do sleep 0.05; done;"
            + STUBBORN.format(pipe="/workspace/pipe"),
            tty=True,
        )
    )
    command = [sys.executable, "-c", SERVER, kind, str(tmp_path / "node"), json.dumps(new)]
    with subprocess.Popen(command, cwd=ROOT) as server:  # noqa: ASYNC220  # starting it takes no time to speak of
        try:
            pipe = await found_path(shared, "*/volumes/workspace/pipe", server)
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            (pipe.parent / "go").touch()
            assert await next_output(reader) == b"ready\n"
        finally:
            server.send_signal(signal.SIGKILL)
    assert await next_output(reader) == b""
    os.close(reader)


async def found_path(folder: Path, pattern: str, server: "subprocess.Popen[bytes]") -> Path:
    async with asyncio.timeout(DEADLINE):
        while not (found := list(folder.glob(pattern))):  # noqa: ASYNC240  # a small folder
            assert server.poll() is None
            await asyncio.sleep(0.02)  # a file on disk tells nobody that it came
    return found[0]


async def next_output(reader: int) -> bytes:
    """What came; empty when the last writer is gone."""
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(reader, ready.set)
    try:
        async with asyncio.timeout(DEADLINE):
            await ready.wait()
        return os.read(reader, 4096)
    finally:
        asyncio.get_running_loop().remove_reader(reader)


async def test_a_new_start_is_clean(node):
    left = node.state / "pods" / "old" / "volumes" / "workspace"
    left.mkdir(parents=True)
    (left / "file").touch()
    left.chmod(0o500)
    await node.kubelet.close()
    await node.kubelet.start()
    assert not left.parents[1].exists()
    await node.finished(shell("true"))
