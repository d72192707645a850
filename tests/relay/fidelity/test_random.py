"""Any stream of what terminals understand, in any order."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.chaos import FULL, length
from tests.relay.fidelity.looking import is_beyond_telling, joined, look, screen

# Left and right margins are in tests/relay/test_ghostty.py: a cursor that was saved when about to wrap at one does not, later.
# Wide characters only with an ASCII charset: Ghostty then makes cells that no terminal could be told to have.
TEXT = [
    b"hello", b"x" * 79, b"y" * 81, b"z" * 200, b"\r\n", b"\r\n" * 5, b"\r\n" * 30, b"\t", b"\r", b"\n\n", b"\x1b(0lqqk",
    *(("\x1b(B\x0f" + text).encode() for text in ("grüße 日本 ┌─┐", "漢" * 41, "e\u0301👨‍👩‍👧🇩🇪", "\u0301")),
]  # fmt: skip
DRAWING = [
    b"\x1b[5;10H", b"\x1b[24;80H", b"\x1b[10;80H", b"\x1b[H", b"\x1bM", b"\x1bD", b"\x1bE", b"\x1b[L", b"\x1b[2M", b"\x1b[3@", b"\x1b[4P",
    b"\x1b[6X", b"\x1b[5b", b"\x1b[2J", b"\x1b[3J", b"\x1b[44m\x1b[K", b"\x1b[44m\x1b[2J", b"\x1b[48;2;9;8;7m\x1b[J", b"\x1b[45m\x1b[1J", b"\x1b#8",
]  # fmt: skip
STATE = [
    b"\x1b[31m", b"\x1b[1;4;7m", b"\x1b[38;2;1;2;3m", b"\x1b[0m", b"\x1b[2;10r", b"\x1b[5;24r", b"\x1b[r", b"\x1b[?6h", b"\x1b[?6l",
    b"\x1b[?25l", b"\x1b[?25h", b"\x1b[?7l", b"\x1b[?7h", b"\x1b[?2004h", b"\x1b[?1h", b"\x1b[?5h",
    b"\x1b[4h", b"\x1b[4l", b"\x1b[20h", b"\x1b[20l", b"\x1b=", b"\x1b>", b"\x1b(B", b"\x1b(0", b"\x0e\x1b)0", b"\x0f", b"\x1b[3g", b"\x1bH",
    b"\x1b[?45h", b"\x1b[>1u", b"\x1b[>5u", b"\x1b[<u", b"\x1b[=3;1u", b"\x1b[>4;2m", b"\x1b[?1000;1006h", b"\x1b[?1003l\x1b[?1000l",
    b"\x1b]8;;http://a/\x07", b"\x1b]8;;\x07", b"\x1b]2;title\x07", b"\x1b]4;1;#123456\x07", b"\x1b]10;#abcdef\x07", b"\x1b]110\x07",
    b"\x1b[3 q", b"\x1b[0 q", b"\x1b]133;A\x07", b"\x1b[1\"q", b"\x1b[0\"q", b"\x1b[!p", b"\x1bc",
]  # fmt: skip
SAVING = [
    b"\x1b7", b"\x1b8", b"\x1b[s", b"\x1b[u", b"\x1b[?1048h", b"\x1b[?1048l", b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?47h", b"\x1b[?47l",
    b"\x1b[?1047h", b"\x1b[?1047l",
]  # fmt: skip
UNFINISHED = [
    b"",
    b"\x1b",
    b"\x1b[3",
    b"\x1b[?104",
    b"\x1b]2;ti",
    b"\x1bP1;2",
    b"\x1b_Ga=T",
    b"\xe6",
    b"\xe6\x97",
    b"\xf0\x9f\x91",
]
#: What finishes them, and shows what was remembered.
AFTER = b"\xa51;31m\x07\x1b\\\x1b[mtext\x1b8saved\r\n\r\nmore\x1b[?1049l\x1b8saved\x1b[5b"

pieces = st.lists(st.one_of(*(st.sampled_from(kind) for kind in (TEXT, DRAWING, STATE, SAVING))), max_size=20)


@pytest.mark.timeout(3600 if FULL else 120)
@settings(max_examples=length(full=20_000, short=300), deadline=None, derandomize=not FULL)
@given(pieces, st.sampled_from(UNFINISHED))
def test_whoever_joins_has_the_same_screen_then_and_later(before: list[bytes], unfinished: bytes) -> None:
    watching = screen()
    watching.feed(b"".join(before) + unfinished)
    assume(not is_beyond_telling(watching))
    late = joined(watching)
    assert look(late) == look(watching)
    for one in (watching, late):
        one.feed(AFTER)
    assert look(late) == look(watching)
