from hypothesis import given
from hypothesis import strategies as st

from relay.core.sent import LIMIT, Sent


@given(st.lists(st.tuples(st.lists(st.binary(max_size=20), max_size=8), st.integers(0, 200)), max_size=6))
def test_each_byte_arrives_once_whatever_is_cut(streams: list[tuple[list[bytes], int]]) -> None:
    """Each stream is given some pieces and brings only so many bytes of them; the last one brings all."""
    sent, given_, arrived, again = Sent(), b"", b"", b""
    for pieces, brings in [*streams, ([b"end"], 10_000)]:
        given_ += b"".join(pieces)
        stream = b""
        for piece in [again, *pieces]:
            sent.add(piece)
            stream += piece
        arrived += stream[:brings]
        again = sent.lost(len(arrived))
    assert arrived == given_


def test_what_others_typed_makes_less_come_again_never_more() -> None:
    sent = Sent()
    sent.add(b"abcdef")
    assert sent.lost(4 + 1) == b"f"  # one of the five was somebody else's: e was lost for good
    sent.add(b"gh")
    assert sent.lost(100) == b""


def test_what_was_read_before_anything_was_sent_does_not_count() -> None:
    sent = Sent()
    assert sent.lost(1000) == b""
    sent.add(b"abc")
    assert sent.lost(1001) == b"bc"


def test_without_knowledge_nothing_comes_again_until_there_is_some() -> None:
    sent = Sent()
    sent.add(b"abc")
    assert sent
    sent.forget()
    sent.add(b"def")
    assert not sent
    assert sent.lost(0) == b""
    sent.add(b"ghi")
    assert sent
    assert sent.lost(2) == b"i"


def test_more_than_is_kept_does_not_come_again_in_part() -> None:
    sent = Sent()
    sent.add(b"x" * (LIMIT + 1))
    assert sent.lost(0) == b""
