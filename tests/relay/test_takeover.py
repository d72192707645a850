"""A relay that comes anew to a session: ``loom session`` tells it what the terminal shows."""

from collections.abc import AsyncIterator

import pytest

from tests.relay.setup import Setup

MARK = "0123456789abcdef" * 2
IN_STREAM = f"\x1b_loom.dev;mark;{MARK}\x1b\\".encode()


def snapshot(shown: bytes, *, length: int | None = None, read: int = 0) -> bytes:
    return f"{MARK} {len(shown) if length is None else length} {read}\n".encode() + shown


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
    told.kubernetes.prints = snapshot(b"shown", read=5)
    viewer = await told.viewer()
    await viewer.until(reason="PodNotFound")
    await viewer.type(b"typed ahead, and more than others")
    await viewer.resize(24, 80)
    await viewer.until(rows=24)  # so that the relay has read the typing
    await told.running()
    stream = await told.kubernetes.stream()
    await stream.has_input(b"others")
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
