"""A terminal that is fed a snapshot and then the rest shows what one shows that was fed everything."""

import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.screen import CLEAR
from relay.ghostty import GhosttyScreen
from relay.ghostty_cells import Cells
from relay.ghostty_cells import background as background_of

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


def test_graphics_are_answered_for_terminals_that_can_show_them() -> None:
    replies: list[bytes] = []
    one = GhosttyScreen(replies.append)
    one.feed(b"\x1b_Gi=5,a=T,f=100;iVBORw0KGgo=\x1b\\")
    one.ask(b"\x1b_Gi=6,a=q,f=24,s=1,v=1;AAAA\x1b\\")
    assert replies == [b"\x1b_Gi=5;OK\x1b\\", b"\x1b_Gi=6;OK\x1b\\"]


def test_nothing_fed_is_nothing_shown() -> None:
    assert screen().snapshot() == b""


def replies_to(data: bytes, query: bytes) -> bytes:
    """What a terminal that joined after the data answers, and that which watched it answers the same."""
    answers: dict[str, list[bytes]] = {"whole": [], "late": []}
    whole, late = (GhosttyScreen(answers[name].append) for name in answers)
    whole.feed(data)
    late.feed(CLEAR + whole.snapshot())
    for one in (whole, late):
        one.ask(query)
    assert answers["whole"] == answers["late"] != []
    return b"".join(answers["late"])


@pytest.mark.parametrize(
    ("data", "query", "answered"),
    [
        (b"\x1b[3;7H\x1b[31m\x1b7\x1b[0m\x1b[9;9H\x1b8", b"\x1bP$qm\x1b\\", b"31m"),
        (b"\x1b]4;3;#00ff00\x07", b"\x1b]4;3;?\x07", b"4;3;rgb:0000/ffff/0000"),
        (b"\x1b]10;#ff0000\x07", b"\x1b]10;?\x07", b"10;rgb:ffff/0000/0000"),
        (b"\x1b]11;#123456\x07", b"\x1b]11;?\x07", b"11;rgb:1212/3434/5656"),
        (b"\x1b]12;#0000ff\x07", b"\x1b]12;?\x07", b"12;rgb:0000/0000/ffff"),
        (b"\x1b[5 q", b"\x1bP$q q\x1b\\", b"5 q"),
        (b"\x1b[2;9r\x1b[?69h\x1b[5;60s\x1b[?6h\x1b[3;4H", b"\x1b[6n", b"\x1b[3;4R"),
        (b"\x1b[2;9r\x1b[?69h\x1b[5;60s\x1b[?6h\x1b[3;4H", b"\x1b[?6n", b"\x1b[?3;4R"),
        (b"\x1b[>1u\x1b[>5u\x1b[<u", b"\x1b[?u", b"\x1b[?1u"),
        (b"\x1b[>1u\x1b[?1049h\x1b[>5u\x1b[?1049l", b"\x1b[?u", b"\x1b[?1u"),
        (b"\x1b[?2004h", b"\x1b[?2004$p", b"\x1b[?2004;1$y"),
    ],
)
def test_what_does_not_show_is_remembered(data: bytes, query: bytes, answered: bytes) -> None:
    assert answered in replies_to(data, query)


def test_the_saved_cursor_is_that_of_each_screen() -> None:
    whole, late = screen(), screen()
    whole.feed(b"\x1b[5;10H\x1b7top\x1b[?1049h\x1b[7;3H\x1b7\x1b[9;9Hfull")
    late.feed(CLEAR + whole.snapshot())
    for after, place in ((b"\x1b8", (2, 6)), (b"\x1b[?1049l", (12, 4)), (b"\x1b[1;1H\x1b8", (12, 4))):
        for one in (whole, late):
            one.feed(after)
            assert one._terminal.cursor == place


def test_rows_without_text_keep_their_colours_and_links_their_addresses() -> None:
    one, late = screen(), screen()
    one.feed(
        b"\x1b[44m\x1b[2J\x1b[3;10H\x1b[48;2;1;2;3m\x1b[K\x1b[5;5H\x1b[0m\x1b]8;;http://a/\x1b\\link\x1b]8;;\x1b\\"
    )
    late.feed(CLEAR + one.snapshot())
    for y, x in ((0, 0), (1, 79), (2, 0), (2, 40), (23, 79)):
        assert background(late, x, y) == background(one, x, y) != b""
    assert b"http://a/" in late.snapshot()


def background(screen: GhosttyScreen, x: int, y: int) -> bytes:
    ((cells, _),) = Cells(screen._terminal).read(y, 1)
    return background_of(cells[x])


def test_title_and_directory_are_told_and_reports_of_sizes_are_not_asked_for() -> None:
    one = screen()
    one.feed("\x1b]2;tïtle\x07\x1b]7;file://weaver/workspace\x07\x1b[?2048h".encode())
    assert "\x1b]2;tïtle\x1b\\".encode() in one.snapshot()
    assert b"\x1b]7;file://weaver/workspace\x1b\\" in one.snapshot()
    assert b"2048" not in one.snapshot()


def test_a_sequence_that_is_too_long_to_keep_is_given_up_everywhere() -> None:
    whole, late = screen(), screen()
    whole.feed(b"before\x1bP0;1;8q")
    for _ in range(20):
        whole.feed(b"~" * 100_000)
    late.feed(CLEAR + whole.snapshot())
    for one in (whole, late):
        one.feed(b"~~~~\x1b\\after")
        assert one._terminal.text() == "beforeafter"


def test_a_character_in_progress_is_finished_before_a_query_is_answered() -> None:
    replies: list[bytes] = []
    one = GhosttyScreen(replies.append)
    one.feed(b"a\xe6\x97")
    one.ask(b"\x1b[6n")
    assert replies == [b"\x1b[1;3R"]


def test_copies_are_given_back() -> None:
    one = screen()
    one.feed(b"x" * 100_000)
    one.snapshot()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):
        one.snapshot()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024  # KiB; a copy has over 100


@pytest.mark.parametrize("above", [0, 50])
def test_blanks_do_not_take_the_attributes_of_the_text_before_them(above: int) -> None:
    """As libghostty's formatter has it; also in the scrollback."""
    one = screen()
    one.feed(b"\x1b[4munder\x1b[0m\tno\t\x1b[7mreverse\x1b[0m\x1b[44m \x1b[0m\x1b[20Cend" + b"\r\n" * above)
    row = next(row for row in one.snapshot().split(b"\r\n") if b"under" in row)
    parts = (b"\x1b[0m\x1b[4munder\x1b[0m", b"no", b"\x1b[0m\x1b[7mreverse\x1b[0m\x1b[48;5;4m \x1b[0m", b"end")
    assert [part in row for part in parts] == [True] * 4
    assert row.count(b"\x1b[3C") == 1
    assert b"\x1b[20C" in row
    assert b"    " not in row


def test_a_session_with_full_scrollback_is_small_when_output_pauses() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    output = b"".join(b"line %d %s\r\n" % (number, b"word " * (number % 15)) for number in range(6000))
    before = resident()
    screens = [screen() for _ in range(20)]
    for one in screens:
        one.feed(output)
        one.feed(b"$ ")
    assert resident() - before < 20 * 768 * 1024


def test_a_prompt_is_there_also_below_scrollback_that_is_read_cell_by_cell() -> None:
    one = screen()
    one.feed(b"\x1b[7mreverse\x1b[0m\tgap" + b"\r\n" * 30 + b"\x1b]133;A\x07prompt$ ")
    assert b"prompt$ " in one.snapshot()
