"""The relay with the laptop edition's pod API server: real containers, real terminals, no cluster."""

import re

import pytest

from loom.wire import SHELL_ENDED
from tests.relay.control_plane import ControlPlane
from tests.relay.pods import IMAGE, NAMESPACE, Cluster
from tests.relay.relay_process import Relay, Viewer, running_relay


@pytest.fixture
def environment(cluster: Cluster, control_plane: ControlPlane) -> dict[str, str]:
    return {
        "LOOM_SERVER_URL": control_plane.url,
        "LOOM_KUBECONFIG": str(cluster.kubeconfig),
        "LOOM_NAMESPACE": NAMESPACE,
    }


async def viewer(relay: Relay, control_plane: ControlPlane, weaver_id: str) -> Viewer:
    one: Viewer = await relay.viewer(weaver_id, control_plane.ticket(weaver_id))
    await one.resize(31, 97)
    return one


async def test_two_people_in_one_shell(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    first = await viewer(relay, control_plane, weaver_id)
    cluster.run(weaver_id, "bash", "--norc")
    await first.until(status="running")
    await first.type(b"stty size; echo sum=$((40+2))\r")
    await first.until_output(b"31 97\r\n")
    await first.until_output(b"sum=42\r\n")
    second = await viewer(relay, control_plane, weaver_id)
    await second.until_output(b"sum=42")
    await second.type(b"echo from-$((1+1))\r")
    await second.until_output(b"from-2\r\n")
    await first.until_output(b"from-2\r\n")
    await second.resize(20, 50)
    await second.type(b"stty size\r")
    await first.until_output(b"20 50")  # painted: its terminal is larger
    cluster.delete(weaver_id)
    for one in (first, second):
        assert await one.until_closed() == 1000
        assert one.messages[-1] == {"type": "exit", "reason": "deleted"}


async def test_the_prompt_of_a_shell_that_was_there_first(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    cluster.run(weaver_id, "bash", "--norc")
    one: Viewer = await relay.viewer(weaver_id, control_plane.ticket(weaver_id))
    await one.resize(24, 80)  # what bash believes already
    await one.until_output(b"$ ")


async def test_output_before_the_attach_is_seen_once(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    cluster.run(
        weaver_id, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo line-$i; sleep 0.05; done; echo all; sleep 100"
    )
    one = await viewer(relay, control_plane, weaver_id)
    await one.until_output(b"all\r\n")
    text = one.output.decode()
    assert [text.count(f"line-{number}") for number in range(1, 10)] == [1] * 9


async def test_a_container_that_ends_at_once(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    one = await viewer(relay, control_plane, weaver_id)
    cluster.run(weaver_id, "sh", "-c", "echo cannot work; exit 3")
    assert await one.until_closed() == 1000
    assert one.output.count(b"cannot work\r\n") == 1
    assert one.messages[-1] == {"type": "exit", "reason": "ended", "code": 3}


async def test_a_shell_that_ends_in_loom_session(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    one = await viewer(relay, control_plane, weaver_id)
    cluster.run(weaver_id, image=IMAGE)
    await one.until(status="running")
    await one.until_output(b"$ ")
    await one.type(b"exit\r")
    assert await one.until_closed() == 1000
    assert one.messages[-1] == {"type": "exit", "reason": "detached"}
    assert SHELL_ENDED not in one.output
    again = await viewer(relay, control_plane, weaver_id)
    await again.type(b"echo again=$((1+1))\r")
    await again.until_output(b"again=2\r\n")


async def test_an_image_that_cannot_be_pulled(
    relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    cluster.run(weaver_id, image="registry.invalid/nothing:1")
    one = await viewer(relay, control_plane, weaver_id)
    message = await one.until(status="pending", reason="ImagePullBackOff")
    assert "registry.invalid/nothing:1" in message["message"]


async def test_the_clones_progress(relay: Relay, cluster: Cluster, control_plane: ControlPlane, weaver_id: str) -> None:
    one = await viewer(relay, control_plane, weaver_id)
    cluster.run(weaver_id, "sleep", "100", clone="echo Receiving objects: 42%; sleep 1; echo Resolving; sleep 1")
    await one.until(status="pending", reason="Cloning", message="Receiving objects: 42%")
    message = await one.until(status="running")
    stages = {stage["name"] for stage in message["stages"]}
    assert {"scheduled", "cloned", "ready"} <= stages


_COUNT = "i=0; while :; do i=$((i+1)); echo n$i.; sleep 0.002; done"


async def test_after_a_relay_was_killed_the_next_one_shows_everything_once(
    environment: dict[str, str], cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    cluster.run(weaver_id, "loom", "session", "--", "sh", "-c", _COUNT, image=IMAGE)
    async with running_relay(environment) as relay:
        one = await viewer(relay, control_plane, weaver_id)
        await one.until_output(b"n1000.")
        relay.process.kill()
    async with running_relay(environment) as relay:
        again = await viewer(relay, control_plane, weaver_id)
        for number in (1000, 2000, 2500):
            await again.until_output(f"n{number}.\r\n".encode())
        text = re.sub(rb"\x1b\[[\d;?>]*[a-zA-Z]", b"", bytes(again.output))
        numbers = [int(number) for number in re.findall(rb"n(\d+)\.", text)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[0] < 1000 < 2500 <= numbers[-1]


async def test_a_relay_that_comes_anew_shows_a_prompt_and_leaves_programs_alone(
    environment: dict[str, str], cluster: Cluster, control_plane: ControlPlane, weaver_id: str
) -> None:
    cluster.run(weaver_id, image=IMAGE)
    async with running_relay(environment) as relay:
        one = await viewer(relay, control_plane, weaver_id)
        await one.until_output(b"$ ")
        await one.type(b"trap 'echo si''zed' WINCH; printf '\\033[?1049halternate\\033[?1000h'; cat\r")
        await one.until_output(b"alternate\x1b[?1000h")
        relay.process.kill()
    async with running_relay(environment) as relay:
        again = await viewer(relay, control_plane, weaver_id)
        await again.until_output(b"alternate")
        await again.until_output(b"\x1b[?1000h")
        assert b"leaves it running" in again.output  # on the main screen, below
        await again.type(b"\x03")
        await again.until_output(b"^C\r\n\x1b[?2004h")  # readline drops what is typed before its prompt
        await again.type(b"echo do''ne\r")
        await again.until_output(b"done\r\n")
        assert b"sized" not in again.output
