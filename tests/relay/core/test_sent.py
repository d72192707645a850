from hypothesis import given
from hypothesis import strategies as st

from loom.session.tags import Tags
from loom.wire import LONGEST_TAG, MOST_INPUTS
from relay.core.sent import LIMIT, Piece, Sent
from relay.core.viewer import Typing

ONE, OTHER = Typing(), Typing()


def positions(tags: Tags) -> dict[str, int]:
    return {input_id.decode(): position for input_id, position in tags.positions.items()}


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from([ONE, OTHER]), st.integers(0, 20)), max_size=8), st.integers(0, 400)
        ),
        max_size=6,
    )
)
def test_each_byte_arrives_once_and_in_order_whatever_is_cut(
    streams: list[tuple[list[tuple[Typing, int]], int]],
) -> None:
    """Each stream is given some pieces and brings only so many bytes of them; the last one brings all."""
    sent, tags = Sent(), Tags()
    typed = {ONE: b"", OTHER: b""}
    arrived = b""
    again: list[Piece] = []
    for pieces, brings in [*streams, ([(ONE, 3), (OTHER, 3)], 10_000)]:
        stream = list(again)
        for typing, count in pieces:
            start = len(typed[typing])
            data = bytes((start + index) % 100 + (100 if typing is OTHER else 0) for index in range(count))
            stream.append(Piece(data, typing, start, start + count))
            typed[typing] += data
        for piece in stream:
            sent.add(piece)
        # The first tag comes whole, if any does: only then it is known that the one before it was cut short.
        arrived += tags.feed(b"".join(piece.tagged() for piece in stream)[: brings and LONGEST_TAG + brings])
        again = sent.lost(positions(tags))
    assert not again
    assert bytes(byte for byte in arrived if byte < 100) == typed[ONE]
    assert bytes(byte for byte in arrived if byte >= 100) == typed[OTHER]


def piece(data: bytes, typing: Typing, start: int) -> Piece:
    return Piece(data, typing, start, start + len(data))


def test_keys_are_kept_together() -> None:
    sent = Sent()
    for number in range(5000):
        sent.add(piece(b"x", ONE, number))
    assert len(sent.lost({ONE.id: 0})) == 5


def test_what_came_does_not_come_again() -> None:
    sent = Sent()
    sent.add(piece(b"abc", ONE, 5))
    sent.add(piece(b"xy", OTHER, 0))
    sent.add(Piece(b"an answer"))
    assert sent.lost({ONE.id: 8}) == [piece(b"xy", OTHER, 0)]
    assert not sent


def test_what_was_not_for_the_container_leaves_no_hole() -> None:
    sent, tags = Sent(), Tags()
    for one in (piece(b"a", ONE, 0), Piece(b"", ONE, 1, 40), piece(b"b", ONE, 40)):
        sent.add(one)
    lost = sent.lost({ONE.id: 1})
    assert lost == [Piece(b"", ONE, 1, 40), piece(b"b", ONE, 40)]
    assert tags.feed(lost[0].tagged()) == b""
    assert positions(tags) == {ONE.id: 40}


def test_an_input_that_the_session_may_have_forgotten_does_not_come_again() -> None:
    others = {f"{number:016}": 1 for number in range(MOST_INPUTS)}
    sent = Sent()
    for start in range(0, 3000, 1000):
        sent.add(piece(b"x" * 1000, ONE, start))
    assert sent.lost(others) == []


def test_more_than_is_kept_does_not_come_again_in_part() -> None:
    sent = Sent()
    for start in range(0, LIMIT + 3000, 1000):
        sent.add(piece(b"x" * 1000, ONE, start))
    sent.add(piece(b"y", OTHER, 0))
    assert sent.lost({ONE.id: 0}) == [piece(b"y", OTHER, 0)]


def test_what_takes_little_room_is_bounded_as_well() -> None:
    sent = Sent()
    for start in range(LIMIT // 8):
        sent.add(Piece(b"", OTHER if start % 2 else ONE, start, start + 1))
    assert len(sent._pieces) == LIMIT // 64
