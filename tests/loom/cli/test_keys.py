import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.cli.keys import DetachKeys, interrupts

CTRL_P, CTRL_Q = b"\x10", b"\x11"
KITTY_P, KITTY_Q = b"\x1b[112;5u", b"\x1b[113;5u"
chunks = st.lists(
    st.sampled_from([CTRL_P, b"\x1b", b"[112;5u", b"[1", b"a", b"\x1b[A", KITTY_P]) | st.binary(), max_size=8
)


def typed(keys: DetachKeys, parts: list[bytes]) -> tuple[bytes, bool]:
    passed = b""
    for part in parts:
        more, detach = keys.feed(part)
        passed += more
        if detach:
            return passed, True
    return passed, False


@given(chunks)
def test_nothing_that_is_typed_is_lost_or_moved(parts):
    everything = b"".join(parts)
    keys = DetachKeys()
    passed, detach = typed(keys, parts)
    passed += keys.release()
    assert passed == everything or (detach and everything.startswith(passed))


@given(st.binary().filter(lambda text: CTRL_P not in text and b"\x1b" not in text))
def test_only_ctrl_p_is_ever_held_back(text):
    keys = DetachKeys()
    assert keys.feed(text) == (text, False)
    assert not keys.holding


@pytest.mark.parametrize(
    "sequence",
    [
        [CTRL_P + CTRL_Q],
        [CTRL_P, CTRL_Q],
        [CTRL_P, CTRL_P, CTRL_Q],
        [KITTY_P, KITTY_Q],
        [KITTY_P + KITTY_Q[:4], KITTY_Q[4:]],
        [b"\x1b[112;69u", b"\x1b[113;69u"],
        [b"\x1b[112;5:1u", b"\x1b[112;5:3u", b"\x1b[57442;1:3u", b"\x1b[57442;5u", b"\x1b[113;5:1u"],
        [b"\x1b[27;5;112~", b"\x1b[27;5;113~"],
    ],
)
def test_every_way_in_which_terminals_write_the_keys(sequence):
    assert typed(DetachKeys(), [b"before", *sequence])[1]


@pytest.mark.parametrize("text", [b"\x10a\x11", b"\x11\x10", b"\x10\x1b[A\x11", b"\x1b[112u\x1b[113u", b"pq"])
def test_what_only_resembles_them(text):
    assert not typed(DetachKeys(), [text[:1], text[1:]])[1]


def test_what_came_before_is_passed_on_and_what_follows_is_not():
    assert DetachKeys().feed(b"ls\r" + CTRL_P + CTRL_Q + b"rm") == (b"ls\r", True)


def test_a_held_key_is_released_once():
    keys = DetachKeys()
    assert keys.feed(b"a" + CTRL_P) == (b"a", False)
    assert keys.holding
    assert keys.release() == CTRL_P
    assert keys.release() == b""
    assert keys.feed(CTRL_Q) == (CTRL_Q, False)


@pytest.mark.parametrize("typed", [b"\x03", b"ls\x03", b"\x1b[99;5u", b"\x1b[27;5;99~"])
def test_ctrl_c_however_the_terminal_writes_it(typed):
    assert interrupts(typed)


@pytest.mark.parametrize("typed", [b"c", b"\x1b[99;5:3u", b"\x1b[99u", b""])
def test_what_is_no_ctrl_c(typed):
    assert not interrupts(typed)
