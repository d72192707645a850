"""A relay that comes anew to a session: ``loom session`` tells it what the terminal shows."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from loom.wire import TAKES_TAGS, tagged
from tests.relay.kubernetes import Stream, recorded
from tests.relay.relay_process import Relay, Viewer, running_relay
from tests.relay.setup import Setup

MARK = "0123456789abcdef" * 2
IN_STREAM = f"\x1b_loom.dev;mark;{MARK}\x1b\\".encode()


def snapshot(shown: bytes, *, length: int | None = None, positions: Mapping[bytes, int] | None = None) -> bytes:
    inputs = b"".join(b" %s:%d" % one for one in (positions or {}).items())
    return b"%s %d%s\n" % (MARK.encode(), len(shown) if length is None else length, inputs) + shown


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "LOOM_RELAY_RESUME_KEY": "a secret of the deployment, long enough"}


@pytest.fixture
async def told(setup: Setup) -> AsyncIterator[Setup]:
    """A weaver that has run for long and shown two lines; then it says more."""
    setup.kubernetes.logs["weaver"] = b"one\n"
    setup.kubernetes.prints = snapshot(b"\x1b_loom.dev;size;24;80\x1b\\one\r\n\x1b[1mtwo\r\n")
    setup.kubernetes.greeting = b"two\r\n" + IN_STREAM[:9]
    yield setup
    assert setup.kubernetes.executed[0] == ["loom", "session", "--snapshot"]


async def test_snapshot_and_stream_meet(told: Setup) -> None:
    viewer, stream = await told.attached()
    await stream.send(IN_STREAM[9:] + b"three\r\n")
    await viewer.until_output(b"three\r\n")
    text = bytes(viewer.output)
    assert [text.count(line) for line in (b"one", b"two", b"three", b"loom.dev")] == [1, 1, 1, 0]
    assert text.index(b"one") < text.index(b"two") < text.index(b"three")
    await stream.has_sizes((24, 80))  # nothing was made to draw anew


async def test_what_a_program_asked_before_is_not_answered_again(told: Setup) -> None:
    told.kubernetes.prints = snapshot(b"a question\x1b[6n and half\x1b[")
    viewer, stream = await told.attached()
    await stream.send(IN_STREAM[9:] + b"c of one, here")
    await viewer.until_output(b"here")
    await viewer.type(b"!")
    await stream.has_input(b"!")
    assert bytes(stream.input).endswith(b"c!")
    assert b"R" not in stream.input


async def test_what_is_typed_while_the_snapshot_is_read_arrives_once_whatever_others_typed_before(told: Setup) -> None:
    told.kubernetes.prints = snapshot(b"shown", positions={b"f" * 16: 5})
    viewer = await told.viewer()
    await viewer.until(reason="PodNotFound")
    await viewer.type(b"typed ahead, and more than others")
    await viewer.resize(24, 80)
    await viewer.until(rows=24)  # so that the relay has read the typing
    await told.running()
    stream = await told.kubernetes.stream()
    await stream.send(IN_STREAM[9:])
    await viewer.until_output(b"shown")
    await viewer.type(b"!")
    await stream.has_input(b"!")
    assert bytes(stream.input) == b"typed ahead, and more than others!"


async def test_a_drawing_that_is_not_whole_is_drawn_anew(told: Setup) -> None:
    told.kubernetes.prints = snapshot(b"\x1b_loom.dev;incomplete\x1b\\\x1b[?1049hhalf a screen")
    viewer, stream = await told.attached()
    await stream.send(IN_STREAM[9:])
    await viewer.until_output(b"half a screen")
    await stream.has_sizes((24, 80), (23, 80), (24, 80))


async def test_after_a_cut_the_screen_is_whole_again(told: Setup) -> None:
    viewer, stream = await told.attached()
    await stream.send(IN_STREAM[9:] + b"three")
    await viewer.until_output(b"three")
    told.kubernetes.prints = snapshot(b"one\r\ntwo\r\nthree and what nobody saw")
    told.kubernetes.greeting = b"three and what" + IN_STREAM[:9]
    await stream.cut()
    again = await told.kubernetes.stream()
    await again.send(IN_STREAM[9:] + b" and more")
    await viewer.until_output(b"and what nobody saw")
    await viewer.until_output(b" and more")
    assert bytes(viewer.output).endswith(b" and more")
    assert again.sizes == [(24, 80)]


@pytest.mark.parametrize(
    "answer",
    [b"", b"usage: something else\n", snapshot(b"half of it", length=100), snapshot(b"half" * 2_000_000)],
    ids=["nothing", "something else", "not whole", "too much"],
)
async def test_what_is_no_snapshot_counts_as_none(told: Setup, answer: bytes) -> None:
    told.kubernetes.prints = answer
    told.kubernetes.greeting = b"prompt$ "
    viewer, stream = await told.attached()
    await viewer.until_output(b"prompt$ ")
    assert b"one\r\n" in viewer.output
    assert b"half" not in viewer.output
    await stream.has_sizes((24, 80), (23, 80), (24, 80))


async def test_a_mark_that_never_comes_is_not_waited_for(told: Setup) -> None:
    told.kubernetes.greeting = b""
    viewer, stream = await told.attached()
    await viewer.until_output(b"one\r\n")
    await stream.send(b"live")
    await viewer.until_output(b"live")


def written(stream: Stream) -> dict[bytes, int]:
    """How much of each input a ``loom session`` got by way of this stream."""
    return dict(stream.tags.positions)


async def attached_at_once(setup: Setup) -> tuple[Viewer, Stream]:
    """The weaver's container started just now."""
    pod, _ = recorded("running-no-probe", setup.weaver_id)
    pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = datetime.now(UTC).isoformat()
    await setup.kubernetes.set_pod(pod)
    viewer = await setup.viewer()
    await viewer.resize(24, 80)
    return viewer, await setup.kubernetes.stream()


async def test_a_fresh_session_says_that_it_takes_tags(setup: Setup) -> None:
    viewer, stream = await attached_at_once(setup)
    await stream.send(TAKES_TAGS + b"prompt$ ")
    await viewer.until_output(b"prompt$ ")
    assert b"loom.dev" not in viewer.output
    await viewer.type(b"typed")
    await stream.has_input(b"typed")
    assert list(written(stream).values()) == [5]
    assert setup.kubernetes.executed == []


@pytest.mark.parametrize("before", [b"a line\r\n", b"$ "])
async def test_a_program_that_says_it_takes_tags_is_not_believed(setup: Setup, before: bytes) -> None:
    viewer, stream = await attached_at_once(setup)
    await stream.send(before)
    await viewer.until_output(before)
    await stream.send(TAKES_TAGS + b"prompt$ ")
    await viewer.until_output(b"prompt$ ")
    await viewer.type(b"typed")
    await stream.has_input(b"typed")
    assert bytes(stream.raw) == b"typed"


async def abc_is_typed(told: Setup) -> tuple[Viewer, Stream, bytes]:
    """The viewer, the stream that took it, and the input's id."""
    viewer, stream = await told.attached()
    await stream.send(IN_STREAM[9:])
    await viewer.until_output(b"two")
    await viewer.type(b"abc")
    await viewer.until(type="ack", bytes=3)
    [[input_id, _]] = written(stream).items()
    return viewer, stream, input_id


async def first_told(relay: Relay, weaver_id: str, token: str) -> dict[str, Any]:
    """The first that somebody hears who comes back, and then is cut."""
    again = await relay.comes_back(weaver_id, token)
    await again.until(type="status")
    again.cut()
    return again.messages[0]


async def test_what_a_broken_stream_did_not_bring_comes_again_and_nothing_else(told: Setup) -> None:
    viewer, stream, input_id = await abc_is_typed(told)
    told.kubernetes.prints = snapshot(b"shown", positions={input_id: 2})
    told.kubernetes.greeting = IN_STREAM
    await stream.cut()
    again = await told.kubernetes.stream()
    await viewer.type(b"d")
    await again.has_input(b"d")
    assert bytes(again.raw) == tagged(input_id.decode(), 0, b"abc") + tagged(input_id.decode(), 3, b"d")


async def test_without_a_snapshot_all_comes_again_for_the_session_to_leave_out_what_came(told: Setup) -> None:
    viewer, stream, input_id = await abc_is_typed(told)
    told.kubernetes.prints = None
    await stream.cut()
    again = await told.kubernetes.stream()
    await again.has_input(b"abc")
    await viewer.type(b"d")
    await again.has_input(b"d")
    assert bytes(again.raw) == tagged(input_id.decode(), 0, b"abc") + tagged(input_id.decode(), 3, b"d")


@pytest.mark.parametrize(("came", "position"), [(2, 2), (3, 3), (0, 0), (None, None)])
async def test_another_relay_tells_who_comes_back_how_much_of_its_input_came(
    told: Setup, environment: dict[str, str], came: int | None, position: int | None
) -> None:
    """Also when the relay that was killed had acknowledged more."""
    viewer, _, input_id = await abc_is_typed(told)
    token = await viewer.token()
    told.relay.process.kill()
    told.kubernetes.prints = snapshot(b"shown", positions={} if came is None else {input_id: came})
    told.kubernetes.greeting = IN_STREAM
    async with running_relay(environment) as relay:
        again = await relay.comes_back(told.weaver_id, token)
        stream = await told.kubernetes.stream()
        await again.until_output(b"shown")
        assert again.messages[0] == {"type": "ack", "bytes": position or 0, "fresh": position is None}
        await again.type(b"abcd"[position or 0 :])
        await stream.has_input(b"d")
        await again.until(type="ack", bytes=4)
    assert (written(stream) == {input_id: 4}) == (position is not None)


async def test_who_comes_back_to_a_weaver_that_nobody_can_ask_is_not_kept_waiting_for_ever(
    setup: Setup, environment: dict[str, str]
) -> None:
    viewer, _ = await setup.attached()
    token = await viewer.token()
    setup.relay.process.kill()
    setup.kubernetes.refuses_attach = True
    async with running_relay(environment) as relay:
        assert await first_told(relay, setup.weaver_id, token) == {"type": "ack", "bytes": 0, "fresh": True}


async def test_who_comes_back_to_a_weaver_that_does_not_run_yet_loses_nothing(
    setup: Setup, environment: dict[str, str]
) -> None:
    viewer = await setup.viewer()
    await viewer.type(b"typed ahead")
    token = await viewer.token()
    setup.relay.process.kill()
    async with running_relay(environment) as relay:
        assert await first_told(relay, setup.weaver_id, token) == {"type": "ack", "bytes": 0, "fresh": False}


async def test_who_did_not_hear_that_counting_began_anew_hears_it_again(
    setup: Setup, environment: dict[str, str]
) -> None:
    """Else it would send again what it typed since it first came."""
    viewer, _ = await setup.attached()
    await viewer.type(b"rm it\r")
    await viewer.until(type="ack", bytes=6)
    token = await viewer.token()
    setup.relay.process.kill()
    async with running_relay(environment) as relay:
        for _ in range(2):
            assert await first_told(relay, setup.weaver_id, token) == {"type": "ack", "bytes": 0, "fresh": True}
