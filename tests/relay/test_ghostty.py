"""A terminal that is fed a snapshot and then the rest shows what one shows that was fed everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.screen import CLEAR
from relay.ghostty import GhosttyScreen

TAILS = b"\xac1;31mTAIL\x07\x1b\\\r\nnext\x1b[2;3Hmoved\n\n\r\nend"
PIECES = [
    b"hello", b"\r\n", b"\r\n" * 30, b"x" * 79, "grüße 日本 ┌─┐".encode(), b"\xe2\x82", b"\x1b[3", b"\x1b]0;title",
    b"\x1b[31m", b"\x1b[44m\x1b[K", b"\x1b[0m", b"\x1b[5;10H", b"\x1b[2;10r", b"\x1b[?6h", b"\x1b[?6l", b"\x1b[r", b"\x1b[?25l",
    b"\x1b[?7l", b"\x1b[?7h", b"\x1b[?2004h", b"\x1b[?1h", b"\x1b(B", b"\x1b[2J", b"\x1b[H", b"\x1b[4h", b"\x1b[4l", b"\t", b"\b",
    b"\x1bM", b"\x1b[L", b"\x1b[3g", b"\x1bP1$r", b"\x1b_x",
]  # fmt: skip


def screen() -> GhosttyScreen:
    return GhosttyScreen(lambda _: None)


def look(screen: GhosttyScreen) -> tuple[object, ...]:
    terminal = screen._terminal
    return terminal.text(), terminal.cursor, [terminal.mode(mode) for mode in (1, 6, 7, 25, 1049, 2004)]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_snapshot_then_live_is_the_same_as_all_of_it(pieces: list[bytes]) -> None:
    whole, late = screen(), screen()
    whole.feed(b"".join(pieces))
    late.feed(CLEAR + whole.snapshot())
    assert look(late) == look(whole)
    whole.feed(TAILS)
    late.feed(TAILS)
    assert look(late) == look(whole)


@pytest.mark.parametrize("rows_used", [0, 1, 5, 23, 24, 40])
def test_the_primary_screen_is_there_when_the_program_leaves_the_alternate_one(rows_used: int) -> None:
    whole, late = screen(), screen()
    whole.feed(b"".join(b"line %d\r\n" % number for number in range(rows_used)))
    whole.feed(b"\x1b[?1049h\x1b[2J\x1b[5;5Hfull screen\x1b[3")
    late.feed(CLEAR + whole.snapshot())
    assert look(late) == look(whole)
    for one in (whole, late):
        one.feed(b"2m green \x1b[?1049lback\r\nmore")
    assert look(late) == look(whole)


def test_line_drawing_stays_on() -> None:
    """Only with ASCII: Ghostty makes blank cells of other characters then, which its formatter trims."""
    whole, late = screen(), screen()
    whole.feed(b"\x1b(0lqqk")
    late.feed(CLEAR + whole.snapshot())
    for one in (whole, late):
        one.feed(b"\r\nx  x\x1b(B\r\nplain")
    assert look(late) == look(whole)
    assert "┌──┐" in whole._terminal.text()


def test_the_snapshot_does_not_change_the_screen() -> None:
    one = screen()
    one.feed(b"a\r\n\x1b[?1049hb\x1b[3")
    before = look(one)
    assert one.snapshot() == one.snapshot()
    assert look(one) == before


def test_scrollback_is_in_the_snapshot_up_to_its_bound() -> None:
    one = screen()
    one.feed(b"".join(b"line %d\r\n" % number for number in range(5000)))
    snapshot = one.snapshot()
    assert b"line 3050\r\n" in snapshot
    assert b"line 2000\r\n" not in snapshot


def test_queries_are_answered() -> None:
    replies: list[bytes] = []
    one = GhosttyScreen(replies.append)
    one.feed(b"\x1b[3;7H\x1b[6n")
    assert replies == [b"\x1b[3;7R"]


def test_nothing_fed_is_nothing_shown() -> None:
    assert screen().snapshot() == b""
