import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.cli.outage import Outage
from loom.wire import Resize
from relay.ghostty import GhosttyScreen

SIZE = Resize(24, 80)


def test_a_connection_that_is_back_at_once_is_not_worth_a_word():
    outage = Outage("cut", since=100.0)
    line, again = outage.draw(100.1, SIZE, room=True)
    assert line == b""
    assert again == pytest.approx(0.3)
    assert not outage.drawn


def test_the_line_is_drawn_once_a_second_and_anew_for_another_size():
    outage = Outage("cut", since=100.0)
    assert b"0s (typing is kept; Ctrl+C leaves) cut" in outage.draw(100.5, SIZE, room=True)[0]
    assert outage.draw(100.6, SIZE, room=True)[0] == b""
    assert b"\x1b[30;1H" in outage.draw(100.7, Resize(30, 80), room=True)[0]
    assert b"1s" in outage.draw(101.2, SIZE, room=True)[0]
    assert "the keyboard waits" in outage.draw(102.2, SIZE, room=False)[0].decode()


def test_ctrl_c_is_for_us_only_when_the_line_could_be_read():
    outage = Outage("cut", since=100.0)
    outage.draw(100.5, SIZE, room=True)
    assert not outage.told
    outage.draw(101.5, SIZE, room=True)
    assert outage.told


@given(
    st.sampled_from([b"", b"\x1b[3", b"\x1b]0;title", b"\x1b[?6h\x1b[2;5r", b"\x1b[31;44m", b"\x1b[?7l"]),
    st.text(max_size=200),
    st.integers(1, 40),
    st.integers(2, 120),
)
def test_the_line_changes_nothing_but_the_last_row(before, reason, rows, cols):
    """Cursor, origin mode and colours are as before, and nothing scrolls, whatever the output was cut in."""
    screen = GhosttyScreen(lambda _: None)
    screen.resize(rows, cols)
    screen.feed(b"top\r" + before)
    cursor = screen._terminal.cursor
    modes = [screen._terminal.mode(mode) for mode in (6, 7, 25)]
    outage = Outage(reason, since=0.0)
    screen.feed(outage.draw(2.0, Resize(rows, cols), room=True)[0])
    assert screen._terminal.cursor == cursor
    assert [screen._terminal.mode(mode) for mode in (6, 7, 25)] == modes
    lines = screen._terminal.text().splitlines()
    if rows > 1:
        assert lines[0].startswith("to"[:cols])
    assert lines[-1].startswith("loom: connection"[: cols - 2])
    screen.feed(outage.erased(Resize(rows, cols)))
    assert screen._terminal.cursor == cursor
    assert "loom" not in screen._terminal.text()
