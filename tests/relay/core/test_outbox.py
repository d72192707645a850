from hypothesis import given
from hypothesis import strategies as st

from loom.wire import Exit, Notice
from relay.core.outbox import FRAME, Outbox


@given(st.lists(st.one_of(st.binary(max_size=50), st.just(Notice("n")), st.just(None)), max_size=50))
def test_bounded_in_order_and_joined(steps: list[bytes | Notice | None]) -> None:
    outbox = Outbox(100, lambda: None)
    put: list[bytes | Notice] = []
    got: list[object] = []
    for step in steps:
        if isinstance(step, bytes):
            if outbox.put_output(step):
                put.append(step)
        elif step is None:
            got.append(outbox.take())
        else:
            outbox.put(step)
            put.append(step)
        assert outbox.size <= 100
    while (item := outbox.take()) is not None:
        got.append(item)
    assert flat(got) == flat(put)
    assert outbox.size == 0


def flat(items: object) -> list[object]:
    """Output byte by byte, so that joining makes no difference."""
    assert isinstance(items, list)
    return [part for item in items if item is not None for part in (item if isinstance(item, bytes) else [item])]


def test_whoever_waits_is_woken_by_everything() -> None:
    woken: list[int] = []
    outbox = Outbox(10, lambda: woken.append(1))
    outbox.put_output(b"x")
    outbox.put(Notice("x"))
    outbox.close()
    assert len(woken) == 3


def test_discarding_keeps_what_must_be_heard() -> None:
    outbox = Outbox(10, lambda: None)
    outbox.put_output(b"x")
    outbox.put(Exit("detached"))
    outbox.discard_output()
    assert outbox.take() == Exit("detached")
    assert outbox.take() is None


def test_a_screen_is_taken_however_large_and_leaves_the_limit_to_output() -> None:
    outbox = Outbox(10, lambda: None)
    outbox.put_screen(b"s" * 3 * FRAME)
    assert outbox.put_output(b"x" * 10)
    assert not outbox.put_output(b"x")
    frames = [outbox.take() for _ in range(4)]
    assert [len(frame) for frame in frames if isinstance(frame, bytes)] == [FRAME, FRAME, FRAME, 10]
    assert outbox.put_output(b"x" * 10)
    assert not outbox.put_output(b"x")
    assert outbox.peak == 3 * FRAME + 10
