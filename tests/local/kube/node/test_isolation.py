"""What a container sees, and what it does not."""

import asyncio
import os
import pwd
from pathlib import Path

import pytest

from local.kube import isolation
from tests.local.kube.node.conftest import LOOM_IMAGE, Node, container, isolated, pod, shell

#: In the environment of the process that runs the server.
TOKEN = "a-token-of-the-server"


async def out(node: Node, script: str, **fields: object) -> list[str]:
    """The lines that a container with ``script`` writes."""
    found, log = await node.finished(shell(script, **fields))
    assert found["status"]["phase"] == "Succeeded", log
    return log.splitlines()


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]


@isolated
async def test_it_is_user_1000_without_any_capability(node):
    lines = await out(
        node, "id -u; id -g; id -un; echo $HOME; grep -E 'CapPrm|CapBnd|NoNewPrivs' /proc/self/status | cut -f2; pwd"
    )
    assert lines == ["1000", "1000", "weaver", "/home/weaver", "0" * 16, "0" * 16, "1", "/"]


@isolated
async def test_its_files_are_its_users_outside_too(node):
    """Only root can be another user outside: for anybody else they are their own."""
    expected = (1000, 1000) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    found, _ = await node.finished(shell("touch /workspace/file"))
    file = (node.state / "pods" / found["metadata"]["uid"] / "volumes/workspace/file").stat()
    assert (file.st_uid, file.st_gid) == expected


@isolated
async def test_it_may_write_only_where_it_should(node):
    script = "for d in / /usr /etc /opt /run /var /dev /proc /workspace /home/weaver /tmp /dev/shm; do touch $d/x 2>/dev/null && echo $d; done"
    assert await out(node, script + "; true") == ["/workspace", "/home/weaver", "/tmp", "/dev/shm"]


@isolated
async def test_it_does_not_see_the_host_s_homes_and_files(node, tmp_path):
    (tmp_path / "secret").touch()
    home = pwd.getpwuid(os.getuid()).pw_dir
    names = await asyncio.to_thread(files_in, Path(home))
    script = f"ls {tmp_path} 2>/dev/null; cd {home} 2>/dev/null && find . -maxdepth 1 -type f; true"
    assert names
    assert await out(node, script) == []


@isolated
async def test_it_sees_only_its_own_processes(node):
    assert await out(node, "echo $BASHPID; hostname; set -- /proc/[0-9]*; echo $#") == ["1", "weaver-1", "1"]


@isolated
async def test_it_can_signal_no_process_of_the_host(node):
    """Not even this one, whose number it is told."""
    script = f"kill -0 {os.getpid()} 2>/dev/null || echo none; kill -9 -1 2>/dev/null; echo only its own"
    assert await out(node, script) == ["none", "only its own"]


@isolated
async def test_neither_it_nor_what_is_executed_in_it_sees_the_server_s_state(node, monkeypatch):
    pod_folder = node.state / "pods"
    monkeypatch.setenv("LOOM_TEST_TOKEN", TOKEN)
    script = f"ls -d {node.state} {node.state.parent} {pod_folder} 2>/dev/null; cat /proc/*/environ | tr '\\0' '\\n' | grep -c {TOKEN}"
    assert await out(node, f"{script}; true") == ["0"]
    node.create(pod(container("weaver", "sleep", "600"), name="second"))
    found = await node.phase("Running", name="second")
    execution = await node.kubelet.execute(found, "weaver", ["bash", "-c", script], tty=False, stdin=False)
    assert await execution.read() == (1, b"0\n")
    execution.close()


@isolated
async def test_no_descriptor_of_the_server_reaches_it(node):
    assert await out(node, "ls /proc/1/fd; echo", tty=True) == ["0  1  2", ""]


@isolated
async def test_read_only_mounts(node):
    mounts = [{"name": "workspace", "mountPath": "/workspace", "readOnly": True}]
    assert await out(node, "touch /workspace/x 2>/dev/null || echo refused", volumeMounts=mounts) == ["refused"]


async def test_what_the_environment_would_do_to_the_host_s_programs_it_does_not_do(node, tmp_path):
    env = [{"name": "LD_PRELOAD", "value": str(tmp_path / "x.so")}, {"name": "PYTHONHOME", "value": "/none"}]
    lines = await out(node, "echo $PYTHONHOME", env=env)
    assert "/none" in lines
    assert sum("LD_PRELOAD" in line for line in lines) == 1, "only the container's own program tries to load it"


async def test_the_tools_that_people_expect(node):
    assert await out(
        node, "for p in bash git python3 sh; do command -v $p >/dev/null || echo no $p; done; python3 -c 'print(6*7)'"
    ) == ["42"]


async def test_git_works_in_its_workspace(node):
    script = "cd /workspace && git init -q r && cd r && git -c user.name=x -c user.email=x@y.invalid commit -q --allow-empty -m m && git log --format=%s"
    assert await out(node, script) == ["m"]


async def test_only_some_images_have_loom(node):
    script = "command -v loom >/dev/null && loom session --help 2>&1 | head -n 1 || echo none"
    assert await out(node, script) == ["none"]


async def test_loom_is_on_the_path_of_its_images(node):
    assert "usage: loom session" in (await out(node, "loom session --help 2>&1", image=LOOM_IMAGE))[0]


async def test_volumes_are_shared_by_the_pod_s_containers(node):
    clone = container("clone", "sh", "-c", "echo cloned >/workspace/state; echo cloned >/dev/termination-log")
    found, log = await node.finished(shell("cat /workspace/state"), clone)
    assert log == "cloned\n"
    assert found["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] == "cloned\n"


async def test_variables_are_expanded_as_the_kubelet_does(node):
    env = [
        {"name": "A", "value": "a"},
        {"name": "B", "value": "$(A)-$$(A)-$(NONE)"},
        {"name": "MY.NAME", "value": "dotted"},
        {"name": "EMPTY"},
    ]
    lines = await out(node, 'echo "$B|$(A)|$1|$HOSTNAME"; env | grep -c MY.NAME=dotted', env=env, args=["sh", "$(B)"])
    assert lines[0].split("|") == ["a-$(A)-$(NONE)", "a", "a-$(A)-$(NONE)", "weaver-1"]
    assert lines[1] == "1"


@pytest.mark.needs_bwrap
def test_where_it_isolates_there_is_nothing_to_warn_of():
    assert isolation.warning() is None
