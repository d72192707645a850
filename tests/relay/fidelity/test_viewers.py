"""Real programs' output through the hub, to viewers who take it as they can: all end with the session's screen."""

import pytest

from loom.wire import Resize
from relay.core.hub import Hub
from relay.core.outbox import Outbox
from relay.core.viewer import Viewer, WeaverState
from relay.ghostty import GhosttyScreen
from tests.relay.fidelity.looking import look, screen
from tests.relay.fidelity.recordings import COLS, NAMES, ROWS, recorded

SIZE = Resize(ROWS, COLS)
SMALL = Resize(10, 40)
#: Bytes that wait for a viewer, and that come at once.
LIMIT = 1000
CHUNK = 331


class Person:
    """A viewer and what their terminal shows."""

    def __init__(self, hub: Hub, name: str, size: Resize) -> None:
        self._hub = hub
        self.viewer = Viewer(name, may="driver", role="driver", outbox=Outbox(LIMIT, lambda: None))
        self.terminal = screen()
        self.terminal.resize(size.rows, size.cols)
        self.was_painted = False
        hub.join(self.viewer)
        hub.resize(self.viewer, size)
        hub.ready(self.viewer)

    def take(self) -> None:
        """Everything that waits, and the repaint that is due then."""
        self.was_painted |= self.viewer.painter is not None
        while True:
            while (item := self.viewer.outbox.take()) is not None:
                if isinstance(item, bytes):
                    self.terminal.feed(item)
            if not self.viewer.stale:
                return
            self._hub.repaint(self.viewer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pause", [7, 40])
def test_whoever_is_slow_or_small_ends_with_the_same_screen(name: str, pause: int) -> None:
    session = screen()
    hub = Hub(session)
    hub.tell(WeaverState("running"))
    data = recorded(name)
    fast, slow, small = Person(hub, "fast", SIZE), Person(hub, "slow", SIZE), Person(hub, "small", SMALL)
    for number, start in enumerate(range(0, len(data), CHUNK)):
        hub.output(data[start : start + CHUNK])
        fast.take()
        if number % pause == 0:
            slow.take()
            small.take()
    slow.take()
    small.take()
    assert look(fast.terminal) == look(session)
    assert look(slow.terminal, scrollback=False) == look(session, scrollback=False)
    assert (fast.was_painted, slow.was_painted, small.was_painted) == (False, True, True)
    assert shows_part(small.terminal, session)


def shows_part(small: GhosttyScreen, session: GhosttyScreen) -> bool:
    """The small terminal has the part of the session's screen in which its cursor is in the same place."""
    (row, col), (their_row, their_col) = session.cursor(), small.cursor()
    part = session.rows(row - their_row, col - their_col, SMALL.rows, SMALL.cols)
    return [line.rstrip() for line in small.rows(0, 0, SMALL.rows, SMALL.cols)] == [line.rstrip() for line in part]
