"""The written table."""

import pytest

from relay.core.answers import answer


@pytest.mark.parametrize(
    ("query", "answered"),
    [
        (b"\x1b[14t", b"\x1b[4;384;640t"),
        (b"\x1b[14;2t", b"\x1b[4;384;640t"),
        (b"\x1b[15t", b"\x1b[5;384;640t"),
        (b"\x1b[16t", b"\x1b[6;16;8t"),
        (b"\x1b[18t", b"\x1b[8;24;80t"),
        (b"\x1b[19t", b"\x1b[9;24;80t"),
        (b"\x1b[21t", b"\x1b]l\x1b\\"),
        (b"\x1b[>0q", b"\x1bP>|Weavers\x1b\\"),
        (b"\x1b[?996n", b"\x1b[?997;1n"),
        (b"\x1bP+q436F;787878\x1b\\", b"\x1bP1+r436F=323536\x1b\\\x1bP0+r787878\x1b\\"),
        (b"\x1bP+q5\x1b\\", None),
        (b"\x1b[6n", None),
        (b"\x1b[c", None),
    ],
)
def test_answers(query: bytes, answered: bytes | None) -> None:
    assert answer(query, rows=24, cols=80) == answered
