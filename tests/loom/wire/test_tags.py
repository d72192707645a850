"""Tags as the relay writes and ``loom session`` reads them: each byte of an input arrives once, whatever is cut or comes twice."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loom.session.tags
import loom.wire
from loom.session.tags import MOST_INPUTS, Tags
from loom.wire import LONGEST_TAG, TAG, pieces, tag

ONE, OTHER = "0123456789abcdef", "f" * 16
#: What people may type, tags of their own included.
typed = st.lists(
    st.sampled_from([TAG, TAG[:1], TAG[:4], tag(ONE, 0, 3), tag(OTHER, 5, 1), b"\r", b"abc"]) | st.binary(max_size=9),
    max_size=8,
).map(b"".join)


def test_both_ends_say_the_same() -> None:
    assert loom.session.tags.TAG == TAG
    assert loom.session.tags.LONGEST_TAG == LONGEST_TAG
    assert len(tag(ONE, 10**15 - 1, 10**9 - 1)) <= LONGEST_TAG


def tagged(input_id: str, data: bytes, most: int, start: int = 0) -> list[bytes]:
    out = []
    for piece in pieces(data, most):
        out.append(tag(input_id, start, len(piece)) + piece)
        start += len(piece)
    return out


def chunks(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(typed, st.integers(1, 12))
def test_pieces_are_the_whole_and_contain_no_tag(data: bytes, most: int) -> None:
    found = list(pieces(data, most))
    assert b"".join(found) == data
    assert all(0 < len(piece) <= most and TAG not in piece for piece in found)


@given(
    st.lists(st.tuples(st.booleans(), typed), max_size=6),
    st.integers(1, 12),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_whoever_types_and_wherever_it_is_cut(turns: list[tuple[bool, bytes]], most: int, points: list[int]) -> None:
    tags, written, wanted = Tags(), b"", b""
    positions = {ONE: 0, OTHER: 0}
    for first, data in turns:
        input_id = ONE if first else OTHER
        written += b"".join(tagged(input_id, data, most, positions[input_id]))
        positions[input_id] += len(data)
        wanted += data
    arrived = b"".join(tags.feed(chunk) for chunk in chunks(written, points))
    assert arrived == wanted
    assert {key.decode(): value for key, value in tags.positions.items()} == {k: v for k, v in positions.items() if v}


@given(typed, st.integers(1, 12), st.lists(st.tuples(st.integers(0, 100), st.integers(0, 400)), max_size=4))
def test_streams_that_are_cut_short_and_begin_again_from_anywhere_before(
    data: bytes, most: int, cuts: list[tuple[int, int]]
) -> None:
    """As after a relay that was killed: the next one begins where it knows of, and nothing is doubled or swallowed."""
    tags, arrived = Tags(), b""
    for earlier, brought in [*cuts, (0, 10**9)]:
        start = max(0, tags.positions.get(ONE.encode(), 0) - earlier)
        arrived += tags.feed(b"".join(tagged(ONE, data[start:], most, start))[:brought])
    arrived += tags.feed(tag(ONE, len(data), 0))
    assert arrived == data


@given(st.text().map(str.encode), st.lists(st.integers(0, 10_000), max_size=12))
def test_what_others_type_passes_at_once(data: bytes, points: list[int]) -> None:
    tags = Tags()
    assert [tags.feed(chunk) for chunk in chunks(data, points)] == chunks(data, points)
    assert tags.positions == {}


@pytest.mark.parametrize("other", [TAG + b"x" * 99, TAG + b"0123456789ABCDEF;0;1;" + b"x" * 99])
def test_what_only_begins_as_a_tag_passes(other: bytes) -> None:
    assert Tags().feed(b"a" + other) == b"a" + other


def test_who_typed_last_is_remembered() -> None:
    tags = Tags()
    tags.feed(tag(ONE, 0, 1) + b"a")
    for number in range(MOST_INPUTS - 1):
        tags.feed(tag(f"{number:016}", 0, 1) + b"b")
    tags.feed(tag(ONE, 1, 1) + b"c")
    tags.feed(tag(OTHER, 7, 0))
    assert len(tags.positions) == MOST_INPUTS
    assert tags.positions[ONE.encode()] == 2
    assert tags.positions[OTHER.encode()] == 7
    assert b"0" * 16 not in tags.positions
