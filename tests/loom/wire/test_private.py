import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.session.handover import INCOMPLETE, mark_sequence
from loom.session.transcript import size_sequence
from loom.wire import SHELL_ENDED, PrivateSequences, Resize, ShellEnded, Snapshot, WireError, parse_snapshot

ENDED = ShellEnded()
UNKNOWN = b"\x1b_loom.dev;later\x1b\\"
TOO_LONG = b"\x1b_loom.dev;" + b"x" * 300 + b"\x1b\\"


def feed(*chunks: bytes) -> list[bytes | ShellEnded]:
    stream = PrivateSequences()
    return [piece for chunk in chunks for piece in stream.feed(chunk)]


@pytest.mark.parametrize(
    ("chunks", "pieces"),
    [
        ([b""], []),
        ([b"ls\r\n"], [b"ls\r\n"]),
        ([b"a" + SHELL_ENDED + b"b"], [b"a", ENDED, b"b"]),
        ([SHELL_ENDED + SHELL_ENDED], [ENDED, ENDED]),
        ([b"a\x1b", b"[31mred"], [b"a", b"\x1b[31mred"]),
        ([b"\x1b_other;x\x1b\\"], [b"\x1b_other;x\x1b\\"]),
        ([b"a" + UNKNOWN + b"b"], [b"a", b"b"]),
        ([b"a" + UNKNOWN[:9], UNKNOWN[9:] + b"b"], [b"a", b"b"]),
        ([TOO_LONG], [TOO_LONG]),
        ([TOO_LONG + SHELL_ENDED], [TOO_LONG, ENDED]),
        ([b"\x1b\x1b" + SHELL_ENDED], [b"\x1b\x1b", ENDED]),
    ],
)
def test_pieces(chunks, pieces):
    assert feed(*chunks) == pieces


def test_what_cannot_become_private_passes_at_once():
    stream = PrivateSequences()
    assert stream.feed(b"a\x1b[3") == [b"a\x1b[3"]
    assert stream.feed(b"\x1b_loom.dev;" + b"x" * 1000) == [b"\x1b_loom.dev;" + b"x" * 1000]


fragments = st.lists(
    st.sampled_from(
        [SHELL_ENDED, UNKNOWN, TOO_LONG, SHELL_ENDED[:5], SHELL_ENDED[:-1], b"\x1b", b"\x1b\\", b"\x1b[0m", b"_"]
    )
    | st.binary(max_size=8),
    max_size=8,
)


@given(fragments, st.lists(st.integers(0, 10_000), max_size=12))
def test_cuts_change_nothing(parts, points):
    data = b"".join(parts)
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    flush = b"." * 400  # longer than any private sequence: nothing is held back after it
    whole = feed(data, flush)
    cut = feed(*(data[a:b] for a, b in itertools.pairwise(edges)), flush)
    assert merged(cut) == merged(whole)


def merged(pieces: list[bytes | ShellEnded]) -> list[bytes | ShellEnded]:
    out: list[bytes | ShellEnded] = []
    for piece in pieces:
        if out and isinstance(out[-1], bytes) and isinstance(piece, bytes):
            out[-1] += piece
        else:
            out.append(piece)
    return out


MARK = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("body", "complete", "pieces"),
    [
        (b"", True, ()),
        (b"plain", True, (b"plain",)),
        (size_sequence(24, 80) + b"a" + size_sequence(30, 90), True, (Resize(24, 80), b"a", Resize(30, 90))),
        (INCOMPLETE + b"half", False, (b"half",)),
        (b"a" + SHELL_ENDED, True, (b"a" + SHELL_ENDED,)),
    ],
)
def test_what_a_session_hands_over_is_read(body, complete, pieces):
    answer = b"%s %d\n" % (MARK.encode(), len(body)) + body
    assert parse_snapshot(answer) == Snapshot(mark_sequence(MARK), complete, pieces)
    assert PrivateSequences().feed(mark_sequence(MARK)) == []


def test_a_session_tells_how_much_of_each_input_came():
    one, other = "0123456789abcdef", "f" * 16
    assert parse_snapshot(f"{MARK} 1 {one}:12345 {other}:0\na".encode()).positions == {one: 12345, other: 0}
    assert parse_snapshot(f"{MARK} 1\na".encode()).positions == {}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"usage: x\n",
        f"{MARK} 4\nabc".encode(),
        f"{MARK} 2\nabc".encode(),
        f"{MARK} 0".encode(),
        f"{MARK} 0 12\n".encode(),
    ]
    + [f"{MARK} {len(size_sequence(*size))}\n".encode() + size_sequence(*size) for size in ((0, 80), (24, 99_999))],
)
def test_what_is_no_whole_snapshot_is_refused(answer):
    with pytest.raises(WireError):
        parse_snapshot(answer)


def test_only_the_last_sizes_count():
    body = b"".join(size_sequence(24, 80 + number) + b"x" for number in range(200))
    pieces = parse_snapshot(b"%s %d\n" % (MARK.encode(), len(body)) + body).pieces
    sizes = [piece for piece in pieces if isinstance(piece, Resize)]
    assert sizes == [Resize(24, 80 + number) for number in range(150, 200)]
    assert sum(piece == b"x" for piece in pieces) == 200
