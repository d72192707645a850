"""Redrawn lines, looked at in a terminal emulator that wraps what stands there anew when its size changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.cli.redraw import Redraw
from loom.wire import Resize
from relay.ghostty import GhosttyScreen

ABOVE = "$ loom ps -w"


class Emulator:
    def __init__(self, rows: int, cols: int) -> None:
        self._screen = GhosttyScreen(lambda _: None)
        self.redraw = Redraw()
        self.resize(rows, cols)
        self.write(f"{ABOVE}\r\n")

    def resize(self, rows: int, cols: int) -> None:
        self.size = Resize(rows, cols)
        self._screen.resize(rows, cols)

    def write(self, text: str) -> None:
        self._screen.feed(text.encode())

    def draw(self, *lines: str) -> None:
        self.write(self.redraw.draw(lines, self.size))

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen._terminal.text().rstrip().splitlines()]

    @property
    def wraps(self) -> bool:
        return bool(self._screen._terminal.mode(7))


def test_new_lines_stand_where_the_old_ones_stood():
    terminal = Emulator(10, 40)
    terminal.draw("one", "a longer second line", "three")
    terminal.draw("one", "short")
    assert terminal.lines == [ABOVE, "one", "short"]
    terminal.draw()
    assert terminal.lines == [ABOVE]
    terminal.draw("again")
    assert terminal.lines == [ABOVE, "again"]
    assert terminal.wraps


def test_what_stands_already_is_not_written_again():
    redraw = Redraw()
    assert redraw.draw(["one"], Resize(10, 40))
    assert redraw.draw(["one"], Resize(10, 40)) == ""
    assert redraw.draw(["one"], Resize(10, 41))


@pytest.mark.parametrize("cols", [60, 29, 20, 7])
def test_another_width_leaves_nothing_behind(cols):
    terminal = Emulator(20, 60)
    terminal.draw("x" * 59, "\x1b[32m" + "y" * 30 + "\x1b[0m", "", "z")
    terminal.resize(20, cols)
    terminal.draw("one", "two")
    above = ABOVE if cols >= len(ABOVE) else ABOVE[:cols]
    assert terminal.lines[0] == above.rstrip()
    assert terminal.lines[-2:] == ["one", "two"]
    assert not {"x", "y", "z"} & {line[:1] for line in terminal.lines}


def test_at_the_foot_of_the_screen_it_scrolls_once():
    terminal = Emulator(5, 20)
    terminal.write("1\r\n2\r\n3\r\n")
    for count in range(3):
        terminal.draw("one", "two", f"three {count}")
    assert terminal.lines[-3:] == ["one", "two", "three 2"]
    assert [line for line in terminal.lines if line.startswith("three")] == ["three 2"]


@given(st.lists(st.text("字x", max_size=40), max_size=6))
def test_a_line_wider_than_it_was_counted_is_cut_and_moves_nothing(lines):
    terminal = Emulator(10, 20)
    for _ in range(2):
        terminal.draw(*lines)
        terminal.draw("one")
    assert terminal.lines == [ABOVE, "one"]


def test_what_others_wrote_stays():
    terminal = Emulator(10, 20)
    terminal.draw("one")
    terminal.write("[1]+ Stopped\r\n$ fg\r\n")
    terminal.redraw.forget()
    terminal.draw("two")
    assert terminal.lines == [ABOVE, "one", "[1]+ Stopped", "$ fg", "two"]
