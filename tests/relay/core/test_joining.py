import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.joining import written_before


@pytest.mark.parametrize(
    ("log", "live", "before"),
    [
        (b"", b"", b""),
        (b"a\nb\n", b"", b"a\r\nb\r\n"),
        (b"a\nb\n", b"b\r\nprompt", b"a\r\n"),
        (b"a\nb\n", b"a\r\nb\r\nprompt", b""),
        (b"a\nbc\n", b"c\r\n", b"a\r\nb"),
        (b"a\nb\n", b"prompt", b"a\r\nb\r\n"),
        (b"a\n", b"x\r\ny\r\n", b"a\r\n"),
    ],
)
def test_examples(log: bytes, live: bytes, before: bytes) -> None:
    assert written_before(log, live) == before


@given(st.lists(st.integers(), unique=True, max_size=20), st.data())
def test_nothing_is_lost_or_doubled_wherever_the_stream_begins(numbers: list[int], data: st.DataObject) -> None:
    """Lines that differ; the log has all that were finished when it was read."""
    written = b"".join(b"line %d\r\n" % number for number in numbers) + b"$ "
    begins = data.draw(st.integers(0, len(written)))
    before, live = written[:begins], written[begins:]
    log = written[: written.rfind(b"\n") + 1].replace(b"\r\n", b"\n")
    joined = written_before(log, live) + live
    unfinished = before.rpartition(b"\n")[2] if b"\n" not in live else b""
    assert joined.replace(b"\r", b"") == written.removesuffix(unfinished + live).replace(b"\r", b"") + live.replace(
        b"\r", b""
    )
