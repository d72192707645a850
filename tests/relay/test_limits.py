"""How many may be connected, and how much they may send: the rules, and the real relay."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from relay.admission import Admitted
from relay.limits import CONTROL_COST, FRAME_COST, Connections, Limits
from relay.refusals import Refusal
from tests.relay.control_plane import ControlPlane
from tests.relay.kubernetes import Kubernetes
from tests.relay.relay_process import DEADLINE, running_relay
from tests.relay.setup import Setup
from tests.relay.test_doors import refused
from tests.relay.test_metrics import scrape


def admitted(viewer: str, user: str = "user", weaver: str = "weaver") -> Admitted:
    return Admitted(viewer, weaver, user, "driver", "driver", datetime.now(UTC), resumed=False)


def connections(**limits: int) -> Connections:
    return Connections(Limits(**limits), lambda: 0.0)


@pytest.mark.parametrize(
    ("limits", "scope", "others"),
    [
        ({"connections": 2}, "relay", [admitted("3", "another", "another")]),
        ({"per_user": 2}, "user", [admitted("3", weaver="another")]),
        ({"per_weaver": 2}, "weaver", [admitted("3", user="another")]),
    ],
)
def test_one_too_many_is_refused_with_the_numbers(limits: dict[str, int], scope: str, others: list[Admitted]) -> None:
    held = connections(**limits)
    with held.hold(admitted("1")):
        with held.hold(admitted("2")):
            for one in others:
                with pytest.raises(Refusal) as error, held.hold(one):
                    pass
                assert (error.value.status, error.value.code) == (429, "too_many_connections")
                assert error.value.details == {"scope": scope, "connections": 2, "limit": 2}
            with held.hold(admitted("2")):  # the same viewer comes back
                assert len(held) == 3
        for one in others:
            with held.hold(one):
                pass
    assert len(held) == 0


def test_whom_a_limit_does_not_concern_comes_in() -> None:
    held = connections(per_user=1, per_weaver=1)
    with ExitStack() as stack:
        for number in "12345":
            stack.enter_context(held.hold(admitted(number, f"user-{number}", f"weaver-{number}")))
    assert not held._users
    assert not held._weavers


def test_who_is_passed_on_counts_for_the_relay_and_for_nobody_else() -> None:
    held = connections(connections=2, per_user=1, per_weaver=1)
    with held.hold_forwarded(), held.hold_forwarded():
        assert (len(held), held.forwarded) == (2, 2)
        for one in (held.hold_forwarded(), held.hold(admitted("1"))):
            with pytest.raises(Refusal) as error, one:
                pass
            assert error.value.details == {"scope": "relay", "connections": 2, "limit": 2}
    with held.hold(admitted("1")), held.hold_forwarded():
        assert (len(held), held.forwarded) == (2, 1)
    assert (len(held), held.forwarded) == (0, 0)


def test_one_user_s_connections_share_what_the_user_may_send() -> None:
    held = connections(input_rate=1000)
    with (
        held.hold(admitted("1")) as first,
        held.hold(admitted("2", weaver="another")) as second,
        held.hold(admitted("3", "another")) as other,
    ):
        assert first is second
        assert first is not other


@pytest.fixture
async def limited(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> AsyncIterator[Setup]:
    few = {"LOOM_RELAY_CONNECTIONS_PER_WEAVER": "2", "LOOM_RELAY_INPUT_RATE": "65536"}
    async with running_relay({**environment, **few}) as relay:
        yield Setup(relay, kubernetes, control_plane, weaver_id)


async def test_too_many_are_refused_before_the_upgrade(limited: Setup) -> None:
    viewer, _ = await limited.attached()
    url = f"{limited.relay.url}/api/weaver/{limited.weaver_id}/events"
    ticket = limited.control_plane.ticket(limited.weaver_id, action="events", role="observer")
    async with limited.relay.http.get(url, headers={"Authorization": f"Bearer {ticket}"}) as response:
        assert response.status == 200
        another = {"Authorization": f"Bearer {limited.control_plane.ticket(limited.weaver_id)}"}
        answer = await refused(limited.relay, f"/api/weaver/{limited.weaver_id}/attach", **another)
        assert answer[:2] == (429, "too_many_connections")
        again = await limited.relay.comes_back(limited.weaver_id, await viewer.token())
        await again.until(type="ack")
    async with asyncio.timeout(DEADLINE):
        while (await scrape(limited.relay))["loom_relay_event_streams"]:  # until the relay sees that the reader left
            pass
    other = await limited.viewer()
    await other.until(viewers=2)


async def test_who_sends_too_much_waits_and_everything_arrives_in_order(limited: Setup) -> None:
    viewer, stream = await limited.attached()
    pasted = bytes(range(65, 91)) * 14_000  # 364,000 bytes: the burst is 262,144
    clock = asyncio.get_running_loop().time
    began = clock()
    for start in range(0, len(pasted), 16_384):
        await viewer.type(pasted[start : start + 16_384])
    await viewer.type(b"end")
    await stream.has_input(b"end")
    assert bytes(stream.input) == pasted + b"end"
    frames = len(pasted) // 16_384 + 1
    charged = len(pasted) + frames * FRAME_COST + CONTROL_COST
    assert clock() - began >= (charged - 4 * 65_536) / 65_536 - 0.1


async def test_control_messages_have_a_size(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    await viewer.websocket.send_str(json.dumps({"type": "resize", "rows": 20, "cols": 20, "more": "x" * 5_000}))
    notice = await viewer.until(type="notice")
    assert "4096" in notice["text"]


async def test_a_frame_above_a_megabyte_closes_the_connection(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    await viewer.type(b"x" * (1024 * 1024 + 1))
    assert await viewer.until_closed() == 1009
