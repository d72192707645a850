"""Tags as the relay writes and ``loom session`` reads them: each byte of an input arrives once, whatever is cut or comes twice."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import loom.session.tags
import loom.wire
from loom.session.tags import Tags
from loom.wire import LONGEST_TAG, MOST_INPUTS, TAG, tagged

ONE, OTHER = "0123456789abcdef", "f" * 16
#: What people may type, tags of their own included.
typed = st.lists(
    st.sampled_from([TAG, TAG[:1], TAG[:4], tagged(ONE, 0, b"abc")[:-3], tagged(OTHER, 5, b""), b"\r", b"abc"])
    | st.binary(max_size=9),
    max_size=8,
).map(b"".join)


def test_both_ends_say_the_same() -> None:
    assert loom.session.tags.TAG == TAG
    assert loom.session.tags.LONGEST_TAG == LONGEST_TAG
    assert loom.session.tags.MOST_INPUTS == MOST_INPUTS
    assert len(tagged(ONE, 10**15 - 1, b"")) <= LONGEST_TAG


def chunks(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.tuples(st.booleans(), typed), max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_whoever_types_and_wherever_it_is_cut(turns: list[tuple[bool, bytes]], points: list[int]) -> None:
    tags, written, wanted = Tags(), b"", b""
    positions: dict[str, int] = {}
    for first, data in turns:
        input_id = ONE if first else OTHER
        start = positions.setdefault(input_id, 0)
        written += tagged(input_id, start, data)
        positions[input_id] += len(data)
        wanted += data
    arrived = b"".join(tags.feed(chunk) for chunk in chunks(written, points))
    assert arrived == wanted
    assert {key.decode(): value for key, value in tags.positions.items()} == positions


@given(typed, st.lists(st.tuples(st.integers(0, 100), st.integers(0, 400)), max_size=4))
def test_streams_that_are_cut_short_and_begin_again_from_anywhere_before(
    data: bytes, cuts: list[tuple[int, int]]
) -> None:
    """As after a relay that was killed: the next one begins where it knows of, and nothing is doubled or swallowed.

    Its first tag comes whole: only then it is known that the one before it was cut short.
    """
    tags, arrived = Tags(), b""
    for earlier, brought in [*cuts, (0, 10**9)]:
        start = max(0, tags.positions.get(ONE.encode(), 0) - earlier)
        arrived += tags.feed(tagged(ONE, start, data[start:])[: brought and LONGEST_TAG + brought])
    arrived += tags.feed(tagged(ONE, len(data), b""))
    assert arrived == data


def test_input_full_of_tags_grows_in_proportion_and_arrives() -> None:
    typed = TAG * 20_000
    written, tags = tagged(ONE, 0, typed), Tags()
    assert len(written) < 20_001 * (LONGEST_TAG + len(TAG))
    pieces = (written[start : start + 65_536] for start in range(0, len(written), 65_536))
    assert b"".join(tags.feed(piece) for piece in pieces) == typed


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
    tags.feed(tagged(ONE, 0, b"a"))
    for number in range(MOST_INPUTS - 1):
        tags.feed(tagged(f"{number:016}", 0, b"b"))
    tags.feed(tagged(ONE, 1, b"c"))
    tags.feed(tagged(OTHER, 7, b""))
    assert len(tags.positions) == MOST_INPUTS
    assert tags.positions[ONE.encode()] == 2
    assert tags.positions[OTHER.encode()] == 7
    assert b"0" * 16 not in tags.positions
