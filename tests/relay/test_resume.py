"""Viewers whose connection broke and who come back, and viewers who change their role, through the real relay process."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from loom.wire import SHELL_ENDED, SUBPROTOCOL_V2
from tests.relay.control_plane import ControlPlane
from tests.relay.kubernetes import Kubernetes
from tests.relay.relay_process import Viewer, running_relay
from tests.relay.setup import Setup
from tests.relay.test_doors import refused

KEY = "a secret of the deployment, long enough"


async def refused_token(setup: Setup, token: str, weaver_id: str = "") -> tuple[int, str, str]:
    path = f"/api/weaver/{weaver_id or setup.weaver_id}/attach"
    return await refused(setup.relay, path, **{"Sec-WebSocket-Protocol": f"{SUBPROTOCOL_V2}, resume.{token}"})


async def comes_back(setup: Setup, viewer: Viewer) -> Viewer:
    again = await setup.relay.comes_back(setup.weaver_id, await viewer.token())
    await again.resize(24, 80)
    return again


async def test_who_comes_back_hears_first_what_was_accepted_and_sees_the_screen(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await stream.send(b"on the screen")
    await viewer.until_output(b"on the screen")
    await viewer.type(b"typed")
    await viewer.until(type="ack", bytes=5)
    viewer.cut()
    again = await comes_back(setup, viewer)
    await again.until_output(b"on the screen")
    assert again.messages[0] == {"type": "ack", "bytes": 5, "fresh": False}
    assert (await again.until(type="status"))["role"] == "driver"
    assert setup.control_plane.described == [setup.weaver_id]
    await again.type(b" more")
    await again.until(type="ack", bytes=10)
    assert bytes(stream.input) == b"typed more"


async def test_what_waits_for_the_container_is_not_typed_twice(setup: Setup) -> None:
    viewer = await setup.viewer()
    await viewer.type(b"make ")
    await viewer.type(b"test")
    await viewer.until(reason="PodNotFound")
    other = await setup.relay.viewer(setup.weaver_id, setup.control_plane.ticket(setup.weaver_id))
    await other.until(viewers=2)
    await viewer.resize(24, 80)
    await other.until(rows=24)  # so that the relay has read the typing
    viewer.cut()
    again = await comes_back(setup, viewer)
    await again.until(type="ack", bytes=0, fresh=False)
    await again.type(b"make test and more\r")
    await setup.running()
    stream = await setup.kubernetes.stream()
    await again.until(type="ack", bytes=19)
    assert bytes(stream.input) == b"make test and more\r"


async def test_an_earlier_connection_that_does_not_know_that_it_is_cut_gives_way(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await viewer.type(b"a")
    await stream.has_input(b"a")
    again = await comes_back(setup, viewer)
    first = await again.until(type="ack")
    await again.until(viewers=1)
    await viewer.until_closed()
    await again.type(b"a"[first["bytes"] :] + b"b")
    await again.until(type="ack", bytes=2)
    assert bytes(stream.input) == b"ab"


async def test_a_session_does_not_end_under_a_viewer_whose_earlier_connection_gave_way(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    async with running_relay({**environment, "LOOM_RELAY_LINGER": "0.1"}) as relay:
        setup = Setup(relay, kubernetes, control_plane, weaver_id)
        viewer, stream = await setup.attached()
        again = await comes_back(setup, viewer)
        await again.until(status="running")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.over.wait(), 0.5)
        await again.type(b"x")
        await stream.has_input(b"x")


async def test_of_several_that_come_back_at_once_one_stays(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    other = await setup.viewer()
    await other.until(viewers=2)
    token = await viewer.token()
    again = await asyncio.gather(*(setup.relay.comes_back(setup.weaver_id, token) for _ in range(5)))
    staying = {asyncio.create_task(one.until_closed()) for one in again}
    while len(staying) > 1:
        _, staying = await asyncio.wait(staying, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    [last] = staying
    last.cancel()
    late = await setup.viewer()
    await late.until(viewers=3)


async def test_beside_a_new_ticket_the_token_says_who_comes_back(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    await viewer.type(b"abc")
    await viewer.until(type="ack", bytes=3)
    viewer.cut()
    ticket = setup.control_plane.ticket(setup.weaver_id)
    again = await setup.relay.comes_back(setup.weaver_id, await viewer.token(), ticket)
    await again.until(type="ack", bytes=3, fresh=False)
    assert setup.control_plane.described == []
    for sub, token in (("somebody-else", await viewer.token()), ("user-1", "nonsense")):
        ticket = setup.control_plane.ticket(setup.weaver_id, sub=sub)
        stranger = await setup.relay.comes_back(setup.weaver_id, token, ticket)
        await stranger.until(type="ack", bytes=0, fresh=True)


async def test_rights_are_checked_again(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    token = await viewer.token()
    assert (await refused_token(setup, token, "another"))[0] == 403
    assert (await refused_token(setup, token[:-3] + "xyz"))[:2] == (401, "unauthorized")
    setup.control_plane.weaver["owner_user_id"] = "somebody-else"
    assert (await refused_token(setup, token))[:2] == (401, "unauthorized")
    setup.control_plane.weaver |= {"owner_user_id": "user-1", "ended_at": "2026-01-01T00:00:00Z", "message": "expired"}
    assert await refused_token(setup, token) == (409, "weaver_ended", "the weaver is gone: expired")
    setup.control_plane.weaver = {}
    assert (await refused_token(setup, token))[:2] == (404, "weaver_not_found")


async def test_without_a_token_of_its_own_the_relay_wants_a_new_ticket(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    async with running_relay({**environment, "LOOM_RELAY_TOKEN": ""}) as relay:
        setup = Setup(relay, kubernetes, control_plane, weaver_id)
        viewer, _ = await setup.attached()
        assert (await refused_token(setup, await viewer.token()))[:2] == (401, "unauthorized")


async def test_a_detached_viewer_does_not_come_back(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await viewer.type(b"exit\r")
    await stream.has_input(b"exit\r")
    await stream.send(SHELL_ENDED)
    await viewer.until_closed()
    ticket = f"ticket.{setup.control_plane.ticket(setup.weaver_id)}"
    for more in ("", f", {ticket}"):
        status, code, message = await refused_token(setup, await viewer.token() + more)
        assert (status, code) == (409, "viewer_over")
        assert "detached" in message


async def test_a_shell_that_ended_meanwhile_detaches_who_comes_back(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    await viewer.type(b"exit\r")
    await stream.has_input(b"exit\r")
    other = await setup.viewer()
    await other.until(viewers=2)
    viewer.cut()
    await other.until(viewers=1)
    await stream.send(SHELL_ENDED + b"fresh shell$ ")
    await other.until_output(b"fresh shell$ ")
    again = await comes_back(setup, viewer)
    assert await again.until_closed() == 1000
    assert again.messages[-1] == {"type": "exit", "reason": "detached"}


async def test_a_weaver_that_ended_meanwhile_is_told_with_its_code(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    other = await setup.viewer()
    await other.until(viewers=2)
    viewer.cut()
    await other.until(viewers=1)
    await stream.end()
    await setup.kubernetes.show("failed-exit-3", setup.weaver_id)
    await other.until_closed()
    token = await viewer.token()
    assert await refused_token(setup, token) == (409, "viewer_over", "the session is over for this viewer: ended")


async def test_a_drain_gives_back_what_it_could_not_type(environment: dict[str, str], setup: Setup) -> None:
    viewer = await setup.viewer()
    await viewer.type(b"make test\r")
    await viewer.until(reason="PodNotFound")
    assert await setup.relay.stop() == 0
    await viewer.until_closed()
    assert viewer.messages[-2:] == [{"type": "ack", "bytes": 0, "fresh": False}, {"type": "exit", "reason": "drain"}]


@pytest.mark.parametrize("key", [KEY, ""])
async def test_another_relay_knows_the_token_by_the_key_and_says_that_it_knows_no_more(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str, key: str
) -> None:
    environment = {**environment, "LOOM_RELAY_RESUME_KEY": key}
    async with running_relay(environment) as relay:
        viewer, _ = await Setup(relay, kubernetes, control_plane, weaver_id).attached()
        token = await viewer.token()
        relay.process.kill()
        await relay.process.wait()
    async with running_relay(environment) as relay:
        setup = Setup(relay, kubernetes, control_plane, weaver_id)
        if key:
            again = await relay.comes_back(weaver_id, token)
            await again.until(status="running", role="driver")
            assert again.messages[0] == {"type": "ack", "bytes": 0, "fresh": True}
        else:
            assert (await refused_token(setup, token))[:2] == (401, "unauthorized")
        assert key not in "".join(relay.log) or not key


async def test_a_key_that_is_too_short(environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="LOOM_RELAY_RESUME_KEY must be at least"):
        async with running_relay({**environment, "LOOM_RELAY_RESUME_KEY": "secret"}):
            pass


async def test_a_driver_gives_up_typing_and_takes_it_back(setup: Setup) -> None:
    viewer, stream = await setup.attached()
    other = await setup.viewer()
    await other.resize(30, 90)
    await viewer.type(b"a")
    await viewer.want("observer")
    await viewer.until(role="observer")
    await stream.has_size(30, 90)
    await viewer.type(b"not this")
    await viewer.until(type="ack", bytes=9)
    viewer.cut()
    await other.until(viewers=1)
    again = await comes_back(setup, viewer)
    await again.until(role="observer")
    await again.want("driver")
    await again.until(role="driver")
    await again.type(b"b")
    await stream.has_input(b"ab")
    assert bytes(stream.input) == b"ab"


async def test_an_observer_by_ticket_stays_one(setup: Setup) -> None:
    _, stream = await setup.attached()
    observer = await setup.viewer(role="observer")
    await observer.want("driver")
    assert "not type" in (await observer.until(type="notice"))["text"]
    await observer.want("king")
    await observer.until(type="notice", text="role: unknown role 'king'")
    again = await comes_back(setup, observer)
    await again.want("driver")
    await again.until(type="notice")
    await again.type(b"x")
    await again.until(type="ack", bytes=1)
    assert bytes(stream.input) == b""


async def test_an_idle_connection_that_is_cut_is_noticed(
    environment: dict[str, str], kubernetes: Kubernetes, control_plane: ControlPlane, weaver_id: str
) -> None:
    """A viewer that answers no pings: its network went away without a word."""
    async with running_relay({**environment, "LOOM_RELAY_PING": "0.2"}) as relay:
        setup = Setup(relay, kubernetes, control_plane, weaver_id)
        other = await setup.viewer()
        silent = await relay.http.ws_connect(
            relay.attach_url(weaver_id),
            headers={"Authorization": f"Bearer {control_plane.ticket(weaver_id)}"},
            protocols=[SUBPROTOCOL_V2],
            autoping=False,
        )
        await other.until(viewers=2)
        async with asyncio.timeout(20):
            while (await other.next()) and other.messages[-1].get("viewers") != 1:
                pass
        await silent.close()


async def test_a_resume_token_without_the_protocol_opens_nothing(setup: Setup) -> None:
    viewer, _ = await setup.attached()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await setup.relay.http.ws_connect(
            setup.relay.attach_url(setup.weaver_id), protocols=[f"resume.{await viewer.token()}"]
        )


async def test_no_resume_token_in_the_log(setup: Setup, tmp_path: Path) -> None:
    viewer, _ = await setup.attached()
    token = await viewer.token()
    viewer.cut()
    await (await comes_back(setup, viewer)).until(type="ack")
    await setup.relay.stop()
    assert token not in "".join(setup.relay.log)
