"""Exec and attach, frame for frame what recorded clients sent, against real programs in real containers."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

import pytest
import pytest_asyncio

from local.kube.objects import Object
from tests.local.kube.api.conftest import PODS, manifest
from tests.local.kube.recordings import recorded_lines
from tests.local.kube.truth.cluster import Cluster, running_cluster
from tests.local.kube.truth.replay import Client, Frame, Transcript, connect, data_of, recorded_transcript, steps
from tests.local.kube.truth.table import Verdict, named

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_bwrap]

#: The containers that clients attached to, where the recording does not say it: their command, and fields of them.
CONTAINERS: Mapping[str, tuple[str, Object]] = {
    "v5-attach-non-tty-container-exits-3": ("read line; echo out; echo err >&2; exit 3", {"tty": False}),
    "v5-attach-stdin-to-a-container-without-stdin": ("sleep 1000", {"tty": False, "stdin": False}),
    "v5-attach-tty-container-exits-4": ("stty -echo; echo ready; read line; echo bye; exit 4", {}),
    "v5-attach-tty-pod-deleted": ("stty -echo; echo ready; exec sleep 1000", {}),
}
_SHELL = "exec bash --norc"

#: What others who are attached do, once the client has got a text: (text, what they type).
OTHERS: Mapping[str, Sequence[tuple[str, Sequence[tuple[int, bytes]]]]] = {
    "v5-attach-tty-first-attacher": [("both-4", [(4, b'{"Width": 77, "Height": 22}'), (0, b"stty size\r")])],
    "v5-attach-tty-second-attacher": [("", [(0, b"echo both-$((2+2))\r")])],
    "v5-attach-tty-read-only-watches-another": [("", [(0, b"echo seen\r")])],
}

#: Where the client said who it is in a subprotocol, or not at all.
WITHOUT_A_HEADER = ("bearer-token-as-subprotocol-garbage", "exec-no-credentials")

SCENARIOS = [*named("streams", Verdict.AGREE), *named("streams", Verdict.DEVIATE)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def weaver(cluster: Cluster) -> str:
    """The pod that programs are executed in."""
    return await cluster.running(pod(cluster.named(), _SHELL))


def pod(name: str, script: str, **fields: object) -> Object:
    found = manifest(name, terminationGracePeriodSeconds=1)
    found["spec"]["containers"][0] |= {"command": ["sh", "-c", script], "tty": True, "stdin": True, **fields}
    return found


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_recorded_client(cluster: Cluster, weaver: str, name: str):
    frames = recorded_lines(f"streams/{name}.ndjson")
    own = "attach" in name or "deleted" in name
    script, fields = CONTAINERS.get(name, (_SHELL, {}))
    target = await cluster.running(pod(cluster.named(), script, **fields)) if own else weaver
    if "attach" in name and script == _SHELL:
        await has_a_prompt(cluster, target)
    elif "ready" in script:
        await has_written(cluster, target)
    assert (await replayed(cluster, target, name, frames)).comparable() == recorded_transcript(frames).comparable()


async def has_a_prompt(cluster: Cluster, target: str) -> None:
    """Attached later, nobody gets the prompt that the shell began with."""
    found = await connect(cluster.http, f"{PODS}/{target}/attach?stdin=true&stdout=true&tty=true", "v5.channel.k8s.io")
    assert isinstance(found, Client)
    await found.send(0, b"echo prom''pt\r")
    await found.until(lambda: re.search(rb"\rprompt\r\n.*[$#] $", found.got.outputs.get(1, b""), re.DOTALL) is not None)
    await found.close()


async def has_written(cluster: Cluster, target: str) -> None:
    """Its first line."""
    async with asyncio.timeout(20), cluster.http.get(f"{PODS}/{target}/log?follow=true") as answer:
        assert await answer.content.readline() == b"ready\n"


async def replayed(cluster: Cluster, target: str, name: str, frames: Sequence[Frame]) -> Transcript:
    request = frames[0]["request"]
    path = re.sub(r"/pods/[^/]+/", f"/pods/{target}/", request["path"])
    http = cluster.anonymous if name in WITHOUT_A_HEADER else cluster.http
    found = await connect(http, path, request["headers"]["Sec-WebSocket-Protocol"])
    if isinstance(found, Transcript):
        return found
    others = asyncio.create_task(act_as_others(cluster, target, found, OTHERS.get(name, ())))
    try:
        for frame, before in steps(frames):
            await found.until_it_has(before)
            if frame.get("data") == "\3":
                await asyncio.sleep(
                    0.8
                )  # recorded too: the program that it interrupts must have begun, and says nothing
            if frame["dir"] == "note" and "DELETE" in frame["how"]:
                await cluster.delete(target, 1)
            elif frame.get("opcode") in ("binary", "text"):
                await found.send(frame["channel"], data_of(frame), text=frame["opcode"] == "text")
            elif frame.get("opcode") == "ping":
                await found.socket.ping(data_of(frame))
        await found.until_it_has(recorded_transcript(frames))
        await (found.until_closed() if recorded_transcript(frames).ended else found.stay_silent())
    finally:
        await others
        await found.close()
    return found.got


async def act_as_others(
    cluster: Cluster, target: str, client: Client, actions: Sequence[tuple[str, Sequence[tuple[int, bytes]]]]
) -> None:
    for text, typed in actions:
        await client.until(partial(client.got.has_text, text))
        path = f"{PODS}/{target}/attach?stdin=true&stdout=true&tty=true"
        other = await connect(cluster.http, path, "v5.channel.k8s.io")
        assert isinstance(other, Client)
        for channel, data in typed:
            await other.send(channel, data)
        await client.stay_silent()
        await other.close()
