"""Logs of real containers that write what the recorded ones wrote, asked for in the same ways."""

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pytest
import pytest_asyncio

from local.kube.objects import Object
from tests.local.kube.api.conftest import PODS, manifest
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.cluster import Cluster, running_cluster
from tests.local.kube.truth.replay import Client, connect
from tests.local.kube.truth.table import Verdict, named

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_bwrap]

_PAUSE: Final = "sleep 0.05"
_PLAIN: Final = "out 1,err 1,out 2,err 2,err 3,out 3,err 4,out 4,out 5,err 5".split(",")  # noqa: SIM905  # reads better
_LONG: Final = "head -c 40000 /dev/zero | tr '\\0' x"
#: What the containers do. Those that go on are named in ``GOING_ON``.
SCRIPTS: Mapping[str, str] = {
    "plain": "; ".join(f"echo {line} >&{2 if 'err' in line else 1}; {_PAUSE}" for line in _PLAIN),
    "tty": "stty -echo; echo one; echo err >&2; printf 'café \\033[31mred\\033[0m\\n'; stty size",
    "binary": "printf '\\377\\376\\000x\\ny\\n'",
    "long-with": f"{_LONG}; echo; echo after",
    "long-without": f"{_LONG}; exec sleep 1000",
    "ticks": "for i in 1 2 3 4 5 6; do echo tick $i; sleep 0.1; done; echo last",
    "alive": "trap 'echo got-term; exit 0' TERM; while :; do echo alive; sleep 0.1; done",
    "shell": "exec bash --norc",
}
GOING_ON = {"long-without", "alive", "shell"}

#: Which of them a recording is about.
PODS_OF: Mapping[str, str] = {
    "binary": "binary", "insecure-skip-tls-verify-backend": "binary",
    "follow-of-a-finished-container": "ticks", "follow-until-the-container-exits": "ticks",
    "follow-while-the-pod-is-deleted": "alive", "pod-deleted": "ticks",
    "tty": "tty", "tty-tail-lines-2": "tty", "tty-timestamps": "tty", "tty-interactive-shell": "shell",
    **{name: "long-without" for name in named("logs", Verdict.AGREE) if "without-newline" in name},
    **{name: "long-with" for name in named("logs", Verdict.AGREE) if re.match("long-line-(?!.*without)", name)},
}  # fmt: skip

SCENARIOS = named("logs", Verdict.AGREE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def pod(name: str, kind: str) -> Object:
    found = manifest(name, terminationGracePeriodSeconds=5)
    [main] = found["spec"]["containers"]
    on_terminal = kind in ("tty", "shell")
    main |= {"command": ["sh", "-c", SCRIPTS[kind]], "tty": on_terminal, "stdin": on_terminal}
    cloning = "echo Cloning into repo...; echo done"
    clone = {**main, "name": "clone", "tty": False, "stdin": False, "command": ["sh", "-c", cloning]}
    found["spec"]["initContainers"] = [clone]
    return found


async def written(cluster: Cluster, kind: str) -> str:
    """The name of a pod that has written everything; made once."""
    name = f"logs-{kind}"
    if cluster.node.registry.find("pods", "loom-weavers", name) is None:
        await cluster.create(pod(name, kind))
    await cluster.node.phase("Running" if kind in GOING_ON else "Succeeded", name=name)
    return name


async def get(cluster: Cluster, path: str) -> tuple[int, bytes]:
    async with asyncio.timeout(30), cluster.http.get(path) as answer:
        return answer.status, await answer.read()


@pytest.mark.parametrize("name", [name for name in SCENARIOS if recorded(f"logs/{name}.json")["http_status"] == 200])
async def test_a_log(cluster: Cluster, name: str):
    recording = recorded(f"logs/{name}.json")
    kind = PODS_OF.get(name, "plain")
    target = await written(cluster, kind)
    path = re.sub(r"/pods/[^/]+/", f"/pods/{target}/", recording["request"]["path"])
    if name == "tty-interactive-shell":
        await type_what_was_typed(cluster, target)
    if name == "since-seconds-1":
        await asyncio.sleep(1.2)  # what is asked for is what was written in the last second
    if name == "follow-while-the-pod-is-deleted":
        await settled(cluster, path.partition("?")[0], len("alive\n"))  # it listens for the signal before
        following = asyncio.create_task(get(cluster, path))
        await cluster.delete(target, 5)
        status, body = await following
    else:
        status, body = await settled(cluster, path, len(b64decode(recording["body_base64"])) if kind in GOING_ON else 0)
    assert status == 200
    assert comparable(body, name) == comparable(b64decode(recording["body_base64"]), name)


async def settled(cluster: Cluster, path: str, size: int) -> tuple[int, bytes]:
    """Once there is as much as was recorded: a container that goes on may not have written it yet."""
    async with asyncio.timeout(20):
        while len((found := await get(cluster, path))[1]) < size:  # noqa: ASYNC110  # only asking again tells
            await asyncio.sleep(0.05)
    return found


async def test_a_follower_ends_with_the_container(cluster: Cluster):
    await cluster.create(pod("logs-followed", "ticks"))
    await cluster.node.phase("Running", name="logs-followed")
    status, body = await get(cluster, f"{PODS}/logs-followed/log?follow=true")
    assert (status, body) == (200, b64decode(recorded("logs/follow-until-the-container-exits.json")["body_base64"]))


@pytest.mark.parametrize("name", [name for name in SCENARIOS if recorded(f"logs/{name}.json")["http_status"] != 200])
async def test_what_has_no_log(cluster: Cluster, name: str):
    recording = recorded(f"logs/{name}.json")
    own = recording["request"]["path"].split("/pods/")[1].split("/")[0]
    target = "absent" if name == "pod-deleted" else await written(cluster, "plain")
    status, body = await get(cluster, recording["request"]["path"].replace(own, target))
    assert status == recording["http_status"]
    assert json.loads(body) == json.loads(b64decode(recording["body_base64"]).decode().replace(own, target))


async def type_what_was_typed(cluster: Cluster, target: str) -> None:
    found = await connect(cluster.http, f"{PODS}/{target}/attach?stdin=true&stdout=true&tty=true", "v5.channel.k8s.io")
    assert isinstance(found, Client)
    for line, shows in (
        ("stty size", "0 0\r\n"),
        ('printf "10%%\\r20%%\\r\\n"', "20%\r\r\n"),
        ("echo waiting at a prompt", "prompt\r\n"),
    ):
        already = len(found.got.outputs.get(1, b""))
        await found.send(0, line.encode() + b"\r")
        await found.until(lambda: shows.encode() in found.got.outputs.get(1, b"")[already:])  # noqa: B023  # asked now
        await found.until(lambda: re.search(rb"[$#] $", found.got.outputs[1]) is not None)
    await found.close()


def comparable(body: bytes, name: str) -> Any:
    """Without the times; how often something came that comes again and again; and what a shell draws of its prompt."""
    text = body.decode(errors="backslashreplace")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    if name == "limit-bytes-and-timestamps":
        return len(body), text.split("\n")[0]
    if name == "follow-while-the-pod-is-deleted":
        return re.sub(r"(alive\n)+", "alive\n", text)
    if name == "tty-interactive-shell":
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|bash-[\d.]+[$#] ?|\r", "", text)
        return list(dict.fromkeys(line for line in shown.split("\n") if line))  # typed ahead it is echoed twice
    return text
