"""What a transcript keeps, and that a terminal which is shown it has the screen of one that saw everything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.session.transcript import Transcript, size_sequence
from relay.ghostty import GhosttyScreen

LINES = b"".join(b"line %d of many\r\n" % number for number in range(20_000))


def replayed(data: bytes, main_limit: int = 1 << 20, alternate_limit: int = 1 << 20, piece: int = 4096) -> bytes:
    transcript = Transcript(main_limit, alternate_limit)
    for start in range(0, len(data), piece):
        transcript.add(data[start : start + piece])
    return transcript.render()


def screen(data: bytes) -> bytes:
    shown = GhosttyScreen(lambda _: None)
    shown.resize(24, 80)
    shown.feed(data)
    return shown.snapshot()


def last_screen(data: bytes) -> bytes:
    """Modes, cursor and the last rows; how much scrollback there is differs where the beginning was forgotten."""
    snapshot = screen(data)
    return b"\r\n".join(snapshot.split(b"\r\n")[-24:])


def test_what_fits_is_kept_as_it_was():
    data = b"a\xe2\x82\xac\x1b[31mred\x1b[?1049hfull\x1b[2;2Hscreen"
    assert replayed(data, piece=1) == data


def test_the_oldest_is_forgotten_and_memory_is_bounded():
    rendered = replayed(LINES * 10, main_limit=200_000)
    assert 120_000 < len(rendered) < 300_000
    assert rendered.startswith(b"line ")
    assert last_screen(rendered) == last_screen(LINES * 10)


@pytest.mark.parametrize(
    "state",
    [
        b"\x1b[?2004h",
        b"\x1b[?1000;1006h\x1b[?25l",
        b"\x1b[1m\x1b[38;5;9m",
        b"\x1b=\x1b[?1h",
        b"\x1b[5 q",
        b"\x1b[31m\x1b[?2004h\x1bc\x1b[?7l",
        b"\x1b[?2004h\x1b[?2004l",
    ],
)
def test_modes_from_before_what_is_kept_hold(state):
    data = state + LINES
    assert len(replayed(data, main_limit=100_000)) < len(data) / 2
    assert last_screen(replayed(data, main_limit=100_000)) == last_screen(data)


def test_a_full_screen_program_pushes_nothing_out_and_is_forgotten_when_it_left():
    shell, drawing = b"$ vim\r\n", b"\x1b[2;2Hdrawn" * 100_000
    during = replayed(shell + b"\x1b[?1049h\x1b[?1000h" + drawing, alternate_limit=100_000)
    assert during.startswith(shell + b"\x1b[?1049h")
    after = replayed(shell + b"\x1b[?1049h\x1b[?1000h" + drawing + b"\x1b[?1049l$ ")
    assert after == shell + b"\x1b7\x1b[?1000h$ "
    assert screen(after) == screen(shell + b"\x1b[?1049h\x1b[?1000h" + drawing + b"\x1b[?1049l$ ")


def test_it_is_known_when_a_drawing_is_not_complete():
    transcript = Transcript(1 << 20, 100_000)
    transcript.add(b"\x1b[?1049h" + b"x" * 70_000)
    transcript.render()
    assert not transcript.lacks_drawing
    transcript.add(b"y" * 70_000)
    transcript.render()
    assert transcript.lacks_drawing
    transcript.add(b"\x1b[?1049l")
    transcript.render()
    assert not transcript.lacks_drawing


def test_margins_left_behind_do_not_move_the_cursor():
    data = b"$ top\r\n\x1b[?1049h\x1b[5;10rx\x1b[?1049l$ here"
    assert screen(replayed(data)).endswith(screen(data)[-12:])


def test_sizes_are_told_in_between():
    transcript = Transcript()
    transcript.resized(30, 90)
    transcript.add(b"a\x1b[3")
    transcript.resized(40, 100)
    transcript.add(b"1mb")
    assert transcript.render() == size_sequence(30, 90) + b"a\x1b[3" + size_sequence(40, 100) + b"1mb"


def test_the_size_at_the_beginning_of_what_is_kept_is_told():
    assert replayed(size_sequence(30, 90) + b"\x1bc" + LINES, 100_000).startswith(size_sequence(30, 90))


pieces = st.lists(
    st.sampled_from(
        [
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\x1b[?25l",
            b"\x1b[1;31m",
            b"\x1b[m",
            b"\x1b[4;9H",
            b"text\r\n",
            b"\xe4\xb8\xad",
        ]
    )
    | st.text("abc \r\n", max_size=9).map(str.encode),
    max_size=60,
)


@given(pieces, st.integers(1, 50))
def test_as_long_as_nothing_is_cut_the_screen_is_exact(parts, piece):
    data = b"".join(parts)
    entered = re.split(rb"\x1b\[\?1049[hl]", data)
    whole = replayed(data, piece=piece)
    assert len(whole) <= len(data) + 20 * len(entered)
    assert screen(whole) == screen(data)
