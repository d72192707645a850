"""Attaching: sizes, several attachers, input, slow attachers, and what refuses."""

import asyncio

import pytest

from local.kube.objects import Object
from local.kube.runtime import fanout
from local.kube.status import ApiError, PlainError
from tests.local.kube.node.conftest import DEADLINE, Node, container, pod, read_until, shell


async def running(node: Node, main: Object) -> Object:
    node.create(pod(main))
    return await node.phase("Running")


async def test_a_terminal_starts_without_a_size_and_follows_resizes(node):
    found = await running(
        node, shell("trap 'stty size' WINCH; while :; do stty size; read line; done", stdin=True, tty=True)
    )
    viewer = node.kubelet.attach(found, "weaver")
    assert viewer.tty
    assert viewer.stdin
    await viewer.write(b"\n")
    await read_until(viewer, "0 0\r\n")
    viewer.resize(31, 107)
    await viewer.write(b"\n")
    await read_until(viewer, "31 107\r\n")


async def test_the_terminal_is_the_controlling_one(node):
    script = "trap 'echo caught >/dev/tty; exit 0' INT; read line; echo go; while :; do sleep 0.1; done"
    found = await running(node, shell(script, stdin=True, tty=True))
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "go")
    await viewer.write(b"\x03")
    await read_until(viewer, "caught")
    await node.phase("Succeeded")


async def test_a_shell_has_job_control(node):
    _, log = await node.finished(
        container("weaver", "bash", "--norc", "-ic", "set -o | grep monitor", stdin=True, tty=True)
    )
    assert log.split() == ["monitor", "on"]


async def test_everyone_attached_sees_the_same_and_may_type(node):
    found = await running(node, container("weaver", "cat", stdin=True, tty=True))
    first, second = node.kubelet.attach(found, "weaver"), node.kubelet.attach(found, "weaver")
    await first.write(b"from-first\n")
    assert await read_until(first, "from-first\r\nfrom-first") == await read_until(second, "from-first\r\nfrom-first")
    first.close()
    assert await first.read() is None
    await second.write(b"from-second\n")
    await read_until(second, "from-second\r\nfrom-second")
    late = node.kubelet.attach(found, "weaver")
    await second.write(b"more\n")
    assert "from-second" not in await read_until(late, "more\r\nmore")


async def test_attaching_ends_with_the_container(node):
    found = await running(node, shell("read line; echo bye; exit 4", stdin=True, tty=True))
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"\n")
    await read_until(viewer, "bye")
    async with asyncio.timeout(DEADLINE):
        while await viewer.read() is not None:
            pass
    await viewer.write(b"too late\n")
    viewer.resize(10, 10)
    viewer.close()


async def test_without_a_terminal_stdout_and_stderr_are_apart(node):
    found = await running(node, shell("read line; echo out-$line; echo err >&2; sleep 600", stdin=True))
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"x\n")
    seen: dict[int, bytes] = {}
    async with asyncio.timeout(DEADLINE):
        while len(seen) < 2:
            channel, data = await viewer.read()
            seen[channel] = data
    assert seen == {1: b"out-x\n", 2: b"err\n"}


async def test_closing_stdin_ends_it_only_where_it_is_once(node):
    found = await running(node, container("weaver", "cat", stdin=True, stdinOnce=True))
    viewer = node.kubelet.attach(found, "weaver")
    await viewer.write(b"all\n")
    viewer.close_stdin()
    await node.phase("Succeeded")


async def test_without_stdin_there_is_nothing_to_read(node):
    _, log = await node.finished(shell("cat; echo end"))
    assert log == "end\n"


async def test_much_input_arrives_whole(node):
    size = 1_000_000
    script = f"stty raw -echo; echo ready; head -c {size} | wc -c"
    found = await running(node, shell(script, stdin=True, tty=True))
    viewer = node.kubelet.attach(found, "weaver")
    async with asyncio.timeout(DEADLINE):
        await viewer.write(b"\n")
        await viewer.write(b"x" * size)
    await read_until(viewer, str(size))


async def test_an_attacher_that_does_not_read_stops_the_container_until_it_leaves(node):
    size = 3 * fanout.MAX_QUEUE
    found = await running(node, shell(f"read line; head -c {size} /dev/zero; echo; echo through", stdin=True, tty=True))
    stuck, reader = node.kubelet.attach(found, "weaver"), node.kubelet.attach(found, "weaver")
    await reader.write(b"\n")
    count = 0
    async with asyncio.timeout(DEADLINE):
        while count < fanout.MAX_QUEUE // 2:
            count += len((await reader.read())[1])
        assert node.get()["status"]["phase"] == "Running"
        stuck.close()
        while (chunk := await reader.read()) is not None:
            count += len(chunk[1])
    assert count > size
    assert await stuck.read() is None
    await node.phase("Succeeded")


async def test_a_container_whose_attacher_does_not_read_can_be_ended(node):
    found = await running(node, shell("yes", tty=True))
    stuck = node.kubelet.attach(found, "weaver")
    await stuck.read()
    node.delete(1)
    await node.gone()


async def test_what_cannot_be_attached_to(node):
    found = node.create(pod(shell("true"), container("clone", "sleep", "600")))
    with pytest.raises(ApiError, match="does not have a host assigned") as refused:
        node.kubelet.attach(found, "weaver")
    assert refused.value.code == 400
    found = await node.until(lambda pod: "running" in str(pod["status"].get("initContainerStatuses")))
    node.kubelet.attach(found, "clone").close()
    with pytest.raises(PlainError, match="container weaver not found in pod weaver-1_loom-weavers") as plain:
        node.kubelet.attach(found, "weaver")
    assert plain.value.code == 500
    with pytest.raises(ApiError, match="container nope is not valid for pod weaver-1"):
        node.kubelet.attach(found, "nope")
