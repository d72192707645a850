"""What asks a terminal to answer goes to the emulator alone; everything else passes byte for byte, wherever frames are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyghostty import Terminal

from relay.core.queries import LONGEST, Queries, TerminalQuery

QUERIES = [
    b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[=0c", b"\x1bZ", b"\x1b[5n", b"\x1b[6n", b"\x1b[?6n", b"\x1b[?996n", b"\x1b[?25$p",
    b"\x1b[4$p", b"\x1b[>q", b"\x1b[>0q", b"\x1b[?u", b"\x1b[14t", b"\x1b[16t", b"\x1b[18t", b"\x1b[21t", b"\x1b[x", b"\x1b[?4m",
    b"\x1b[?1;1;0S", b"\x1b[1;1;1;1;1;1*y", b"\x1b[?2048h", b"\x1bP$qm\x1b\\", b"\x1bP+q544e;436f\x1b\\", b"\x1b]4;1;?\x07",
    b"\x1b]4;1;#fff;2;?\x1b\\", b"\x1b]10;?\x07", b"\x1b]11;?\x1b\\", b"\x1b]12;?\x1b\\", b"\x1b]10;?;?\x07", b"\x1b]21;foreground=?\x07",
    b"\x1b]1337;ReportCellSize\x07", b"\x1b_Gi=1,a=q,t=d;AAAA\x1b\\",
]  # fmt: skip
READING = [
    b"\x1b]52;c;?\x07", b"\x1b]52;;?\x1b\\", b"\x1b]5522;type=read;Lg==\x1b\\", b"\x1b]1337;RequestUpload=format=tgz\x07",
    b"\x1b_Ga=T,t=f;L2V0Yy9wYXNzd2Q=\x1b\\", b"\x1b_Gt=t,i=1;AAAA\x1b\\", b"\x1b_Gi=1,a=q,t=s;AAAA\x1b\\",
]  # fmt: skip
HARMLESS = [
    b"plain \xc2\xa9 text\r\n", "日本".encode(), b"\x1b[1;31m", b"\x1b[38:2:1:2:3m", b"\x1b[H\x1b[2J", b"\x1b[?1049h", b"\x1b[?2004h",
    b"\x1b[?1004h", b"\x1b[?1003;1006h", b"\x1b[?2026h", b"\x1b[>1u", b"\x1b[<u", b"\x1b[u", b"\x1b[22;0t", b"\x1b[23t", b"\x1b[2 q",
    b"\x1b[!p", b"\x1b[>4;2m", b"\x1b[>4n", b"\x1b7\x1b8\x1bM\x1bc", b"\x1b(0", b"\x1b#8", b"\x1b]0;who? me; 1?\x07",
    b"\x1b]8;;http://x/?a=1\x1b\\link\x1b]8;;\x1b\\", b"\x1b]52;c;aGVsbG8=\x07", b"\x1b]4;1;#ffffff\x07", b"\x1b]10;#fff\x1b\\", b"\x1b]104\x07",
    b"\x1b]9;done?\x07", b"\x1b]133;A\x07", b"\x1b]1337;File=inline=1:AAAA\x07", b"\x1bP0;1;8q#0;2;0;0;0~-\x1b\\", b"\x1bP1$r0m\x1b\\",
    b"\x1b_Ga=T,f=24,s=1,v=1;AAAA\x1b\\", b"\x1b_Gm=1;AA?=\x1b\\", b"\x1b_other\x1b\\", b"\x1b^pm\x1b\\", b"\x1bXsos\x1b\\", b"\x1b[1\x1b[2m",
]  # fmt: skip


def fed(*chunks: bytes) -> list[bytes | TerminalQuery]:
    """Neighbouring output joined."""
    queries, out = Queries(), list[bytes | TerminalQuery]()
    for chunk in chunks:
        for piece in queries.feed(chunk):
            if isinstance(piece, bytes) and out and isinstance(out[-1], bytes):
                out[-1] += piece
            else:
                out.append(piece)
    return out


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_for_the_emulator_wherever_it_is_cut(query: bytes) -> None:
    for cut in range(len(query) + 1):
        assert fed(b"a" + query[:cut], query[cut:] + b"\x1b[mb") == [b"a", TerminalQuery(query), b"\x1b[mb"]
    assert fed(*(query[at : at + 1] for at in range(len(query)))) == [TerminalQuery(query)]


@pytest.mark.parametrize("reading", READING)
def test_what_reads_clipboard_or_files_is_dropped_wherever_it_is_cut(reading: bytes) -> None:
    for cut in range(len(reading) + 1):
        assert fed(b"a" + reading[:cut], reading[cut:] + b"b") == [b"ab"]


@pytest.mark.parametrize("text", HARMLESS)
def test_everything_else_passes_as_it_is_wherever_it_is_cut(text: bytes) -> None:
    for cut in range(len(text) + 1):
        assert fed(b"a" + text[:cut], text[cut:] + b"\x1b[mb") == [b"a" + text + b"\x1b[mb"]


@given(st.lists(st.sampled_from(QUERIES + READING + HARMLESS), max_size=12), st.lists(st.integers(0, 400), max_size=6))
def test_however_output_is_cut_it_is_split_the_same(texts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(texts)
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = fed(*(data[start:end] for start, end in pairwise(edges)))
    assert pieces == fed(data)
    assert [piece.text for piece in pieces if isinstance(piece, TerminalQuery)] == [
        text for text in texts if text in QUERIES
    ]
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == b"".join(
        text for text in texts if text in HARMLESS
    )


SCRAPS = [b"\x1b", b"[", b"]", b"P", b"_G", b"?", b">", b"6", b"4;1;", b"10;", b"52;c;", b"n", b"c", b"u", b"$p", b"a=q", b"i=1,", b"t=f", b"+q",
          b";", b"\x07", b"\x1b\\", b"\x18", b"\n", b"\xc2\x9b", b"\xc2", b"x", b"0", b"2048", b"h", b"m", b"14t", b"\x00"]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(SCRAPS), st.binary(max_size=3)), max_size=25), st.integers(0, 60))
def test_a_terminal_that_gets_the_rest_has_nothing_to_answer(scraps: list[bytes], cut: int) -> None:
    data = b"".join(scraps)
    said: list[bytes] = []
    viewers = Terminal(80, 24)
    viewers.on_reply(said.append)
    for piece in fed(data[:cut], data[cut:]):
        if isinstance(piece, bytes):
            viewers.feed(piece)
    assert [reply for reply in said if not reply.startswith(b"\x1b_G")] == []


def test_what_shows_a_change_of_frame_is_never_held_back() -> None:
    queries = Queries()
    assert queries.feed(b"prompt$ ") == [b"prompt$ "]
    assert queries.feed(b"\x1b[31mred\x1b[") == [b"\x1b[31mred"]
    assert queries.feed(b"0m\x1b]52;c;") == [b"\x1b[0m"]
    assert queries.feed(b"aGVsbG8") == [b"\x1b]52;c;aGVsbG8"]
    assert queries.feed(b"=\x07") == [b"=\x07"]


@pytest.mark.parametrize("begun", [b"\x1b]4;1;", b"\x1b]11;?", b"\x1b]52;c;?", b"\x1bP+q", b"\x1b_Ga=q;", b"\x1b[1"])
def test_what_does_not_end_is_dropped_and_not_kept(begun: bytes) -> None:
    queries = Queries()
    assert queries.feed(begun) == []
    for _ in range(100):
        assert queries.feed(b"1" * 1000) == []
        assert len(queries._held) <= LONGEST
    assert queries.feed(b"\x1b\\after") == [b"\x1b\\after"]


def test_controls_in_the_middle_of_a_query_are_carried_out_everywhere() -> None:
    assert fed(b"a\x1b[\n6\x07nb") == [b"a\n\x07", TerminalQuery(b"\x1b[6n"), b"b"]
    assert fed(b"a\x1b\n", b"[\x076nb") == [b"a\n\x07", TerminalQuery(b"\x1b[6n"), b"b"]
    assert fed(b"\x1b\n]11;?\x07b") == [b"\n", TerminalQuery(b"\x1b]11;?\x07"), b"b"]


def test_other_ways_to_ask_reach_nobody() -> None:
    assert fed(b"a\x05b\xc2\x9b6nc\xc2", b"\x9d11;?\xc2\x9c\xc2", b"\xa9") == ["ab6nc11;?©".encode()]
