import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.wire import Resize, Utf8Stream, WireError, decode_v1_client


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        ("ls -l\r", b"ls -l\r"),
        ("é", b"\xc3\xa9"),
        ('{"type": "resize", "rows": 24, "cols": 80}', Resize(24, 80)),
        ('{"type": "resize", "rows": 24, "cols": 80, "x": 1}', b'{"type": "resize", "rows": 24, "cols": 80, "x": 1}'),
        ('{"type": "resize"}', b'{"type": "resize"}'),
        ('{"type":"other","rows":1,"cols":1}', b'{"type":"other","rows":1,"cols":1}'),
        ("{ echo; }\r", b"{ echo; }\r"),
        (' {"type": "resize", "rows": 24, "cols": 80}', b' {"type": "resize", "rows": 24, "cols": 80}'),
        ("", b""),
    ],
)
def test_what_a_text_frame_means(frame, meaning):
    assert decode_v1_client(frame) == meaning


def test_an_impossible_size_is_not_typed_in():
    with pytest.raises(WireError):
        decode_v1_client('{"type": "resize", "rows": 70000, "cols": 80}')


def cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.text(), st.lists(st.integers(0, 10_000), max_size=20))
def test_characters_are_never_split(text, points):
    stream = Utf8Stream()
    assert "".join(stream.feed(piece) for piece in cut(text.encode(), points)) == text


@given(st.binary(), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_bytes_become_text_wherever_they_are_cut(data, points):
    stream = Utf8Stream()
    pieces = "".join(stream.feed(piece) for piece in cut(data, points))
    assert data.decode("utf-8", "replace").startswith(pieces)
    pieces.encode()
