from hypothesis import given
from hypothesis import strategies as st

from loom.session.tags import Tags
from loom.wire import TAG
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
            stream.append(Piece(data, typing, start))
            typed[typing] += data
        for piece in stream:
            sent.add(piece)
        arrived += tags.feed(b"".join(piece.tagged() for piece in stream)[:brings])
        again = sent.lost(positions(tags))
    assert not again
    assert bytes(byte for byte in arrived if byte < 100) == typed[ONE]
    assert bytes(byte for byte in arrived if byte >= 100) == typed[OTHER]


def test_keys_are_kept_together() -> None:
    sent = Sent()
    for number in range(5000):
        sent.add(Piece(b"x", ONE, number))
    assert len(sent.lost({ONE.id: 0})) == 5


def test_keys_that_together_look_like_a_tag_are_kept_apart() -> None:
    sent = Sent()
    for number, byte in enumerate(TAG):
        sent.add(Piece(bytes([byte]), ONE, number))
    lost = sent.lost({ONE.id: 0})
    assert b"".join(piece.data for piece in lost) == TAG
    assert all(TAG not in piece.data for piece in lost)


def test_what_came_does_not_come_again() -> None:
    sent = Sent()
    sent.add(Piece(b"abc", ONE, 5))
    sent.add(Piece(b"xy", OTHER, 0))
    sent.add(Piece(b"an answer"))
    assert sent.lost({ONE.id: 8}) == [Piece(b"xy", OTHER, 0)]
    assert not sent


def test_without_knowledge_nothing_comes_again() -> None:
    sent = Sent()
    sent.add(Piece(b"abc", ONE, 0))
    assert sent
    sent.forget()
    assert not sent
    assert sent.lost({}) == []


def test_more_than_is_kept_does_not_come_again_in_part() -> None:
    sent = Sent()
    for start in range(0, LIMIT + 3000, 1000):
        sent.add(Piece(b"x" * 1000, ONE, start))
    sent.add(Piece(b"y", OTHER, 0))
    assert sent.lost({ONE.id: 0}) == [Piece(b"y", OTHER, 0)]
