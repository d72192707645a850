"""A terminal that is sent repaints shows the part of the session's screen that it has room for."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.wire import Resize
from relay.core.painting import Painter
from relay.ghostty import GhosttyScreen

SESSION = Resize(6, 20)
PIECES = [
    "hello", "\r\n", "\r\n" * 7, "x" * 19, "grüße 日本語 ┌─┐", "世", "\x1b[31m", "\x1b[44m\x1b[K", "\x1b[0m", "\x1b[3;10H", "\x1b[H",
    "\x1b[2J", "\x1b[?25l", "\x1b[?25h", "\x1b[?2004h", "\x1b[?1h", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?1000;1006h", "\x1b[5;18H",
    "\x1b[2;4r", "\x1bM", "\x1b[L", "\x1b[?6h", "\x1b(0qqq\x1b(B", "\x1b[1;3", "\x1b[4h", "👍",
]  # fmt: skip


def terminal(size: Resize) -> GhosttyScreen:
    screen = GhosttyScreen(lambda _: None)
    screen.resize(size.rows, size.cols)
    return screen


def look(screen: GhosttyScreen, height: int, width: int, top: int = 0, left: int = 0) -> list[bytes]:
    """Without the blanks at the ends of rows, which may be told or not."""
    return [row.rstrip(b" ") for row in screen.rows(top, left, height, width)]


def sized(rows: tuple[int, int], cols: tuple[int, int]) -> st.SearchStrategy[Resize]:
    return st.builds(Resize, rows=st.integers(*rows), cols=st.integers(*cols))


@given(st.lists(st.one_of(st.sampled_from(PIECES), sized((1, 9), (1, 30))), max_size=30), sized((1, 9), (1, 30)))
def test_it_shows_the_part_with_the_cursor(steps: list[str | Resize], viewer: Resize) -> None:
    session, painter, theirs = terminal(SESSION), Painter(), terminal(viewer)
    theirs.feed(b"what was there before\x1b[?1049h\x1b[2;3r\x1b[?6;2004h\x1b]0;unfinished")
    for step in steps:
        if isinstance(step, Resize):
            viewer = step
            theirs.resize(step.rows, step.cols)
        else:
            session.feed(step.encode())
        theirs.feed(painter.paint(session, SESSION, viewer))
    theirs.feed(painter.paint(session, SESSION, viewer))
    height, width = min(SESSION.rows, viewer.rows), min(SESSION.cols, viewer.cols)
    (row, col), (their_row, their_col) = session.cursor(), theirs.cursor()
    top, left = row - their_row, col - their_col
    assert (0 <= top <= SESSION.rows - height, 0 <= left <= SESSION.cols - width) == (True, True)
    assert look(theirs, height, width) == look(session, height, width, top, left)
    followed = (1, 25, 1049, 2004) if top or left else (1, 25, 1000, 1006, 1049, 2004)
    assert theirs.modes(followed) == session.modes(followed)


@pytest.mark.parametrize(("rows", "cols"), [(6, 20), (3, 7), (8, 25)])
def test_only_what_changed_is_sent(rows: int, cols: int) -> None:
    session, painter, viewer = terminal(SESSION), Painter(), Resize(rows, cols)
    session.feed(b"one\r\ntwo\r\nthree\x1b[H")
    assert b"two" in painter.paint(session, SESSION, viewer)
    assert painter.paint(session, SESSION, viewer) == b""
    session.feed(b"\x1b[2;1HTWO\x1b[H")
    changed = painter.paint(session, SESSION, viewer)
    assert b"TWO" in changed
    assert b"one" not in changed
    session.feed(b"\x1b[1;2H")
    assert len(painter.paint(session, SESSION, viewer)) < 40


def test_a_larger_terminal_has_a_border_where_the_session_ends() -> None:
    session, painter, theirs = terminal(Resize(2, 3)), Painter(), terminal(Resize(4, 6))
    session.feed(b"abcdef")
    theirs.feed(painter.paint(session, Resize(2, 3), Resize(4, 6)))
    assert theirs._terminal.text() == "abc│\ndef│\n───┘"


def test_a_terminal_that_is_larger_one_way_and_smaller_the_other() -> None:
    session, painter, theirs = terminal(Resize(2, 6)), Painter(), terminal(Resize(3, 4))
    session.feed(b"abcdef\r\nx")
    theirs.feed(painter.paint(session, Resize(2, 6), Resize(3, 4)))
    assert theirs._terminal.text() == "abcd\nx\n────"


def test_a_mouse_is_followed_only_where_places_are_the_same() -> None:
    session, painter, viewer = terminal(SESSION), Painter(), Resize(3, 20)
    session.feed(b"\x1b[?1000;1006h")
    assert b"\x1b[?1000h\x1b[?1006h" in painter.paint(session, SESSION, viewer)
    session.feed(b"\x1b[6;1H")
    assert b"\x1b[?1000l\x1b[?1006l" in painter.paint(session, SESSION, viewer)


def test_a_repaint_of_a_flood_is_as_small_as_the_screen() -> None:
    session, painter, generator = terminal(Resize(50, 120)), Painter(), random.Random(1)
    sent = 0
    for _ in range(20):
        session.feed(
            b"".join(b"\x1b[3%dm%d\r\n" % (generator.randrange(8), generator.random() * 1e9) for _ in range(5_000))
        )
        sent += len(painter.paint(session, Resize(50, 120), Resize(24, 80)))
    assert sent < 20 * 24 * 80
