"""Real programs' output: whoever joins in its middle ends with the screen of who watched from the start.

Some 60 places a program; every byte with ``WEAVERS_CHAOS=full``, which takes a quarter of an hour.
"""

import pytest

from relay.ghostty_snapshot import formatted
from tests.chaos import FULL, length
from tests.relay.fidelity.looking import joined, look, screen
from tests.relay.fidelity.recordings import NAMES, long_cat, recorded

pytestmark = pytest.mark.timeout(3600 if FULL else 120)


@pytest.mark.parametrize("name", NAMES)
def test_whoever_joins_at_any_byte_has_the_screen_then_and_in_the_end(name: str) -> None:
    data = recorded(name)
    watching, whole = screen(), screen()
    whole.feed(data)
    end, before = look(whole), 0
    for cut in range(1, len(data), length(full=1, short=max(1, len(data) // 60))):
        watching.feed(data[before:cut])
        before = cut
        late = joined(watching)
        assert look(late) == look(watching), f"joined at byte {cut}"
        late.feed(data[cut:])
        assert look(late) == end, f"joined at byte {cut}, in the end"


def test_recordings_have_what_they_are_for() -> None:
    alternate = {name for name in NAMES if b"\x1b[?1049h" in recorded(name)}
    assert alternate == {"vim", "htop", "less", "tmux", "shell"}
    assert all(text.encode() in recorded("wide") for text in ("日本語", "👨‍👩‍👧‍👦", "e\u0301", "\x1b]8;;http"))


def test_a_viewer_that_joins_a_long_cat() -> None:
    data = long_cat(10_000_000)
    watching, whole = screen(), screen()
    whole.feed(data)
    before = 0
    for cut in range(1_111_111, len(data), length(full=333_333, short=2_222_222)):
        watching.feed(data[before:cut])
        before = cut
        late = joined(watching)
        assert look(late, scrollback=False) == look(watching, scrollback=False)
        late.feed(data[cut:])
        assert look(late, scrollback=False) == look(whole, scrollback=False)
        assert formatted(late._terminal)[-100_000:] == formatted(whole._terminal)[-100_000:]  # some 1,500 lines
