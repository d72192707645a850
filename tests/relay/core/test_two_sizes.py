"""Viewers of any size, slow or not, whose sizes change at any time, end with what the session shows: hub and emulator together."""

import uuid

from hypothesis import example, given
from hypothesis import strategies as st

from loom.wire import Resize
from relay.core.hub import Hub
from relay.core.outbox import Outbox
from relay.core.viewer import Viewer, WeaverState
from relay.ghostty import GhosttyScreen
from tests.relay.core.test_painting import PIECES, look, sized, terminal

MODES = (1, 25, 1049, 2004)
SIZES = sized((2, 8), (4, 24))
STEPS = st.one_of(
    st.sampled_from(PIECES),
    st.tuples(st.just("driver"), SIZES),
    st.tuples(st.just("watcher"), SIZES),
    st.sampled_from([("driver", None), ("watcher", None)]),  # it takes what it was sent
)


class Person:
    """A viewer and what its terminal shows."""

    def __init__(self, hub: Hub, role: str, size: Resize, limit: int) -> None:
        self.hub = hub
        outbox = Outbox(limit, lambda: None)
        self.viewer = Viewer(uuid.uuid4().hex, may=role, role=role, outbox=outbox)  # type: ignore[arg-type]
        self.terminal = terminal(size)
        hub.join(self.viewer)
        hub.resize(self.viewer, size)
        hub.ready(self.viewer)

    def take(self) -> None:
        while (item := self.viewer.outbox.take()) is not None:
            if isinstance(item, bytes):
                self.terminal.feed(item)
        if self.viewer.stale:
            self.hub.repaint(self.viewer)

    def resize(self, size: Resize) -> None:
        self.catch_up()
        self.terminal.resize(size.rows, size.cols)
        self.hub.resize(self.viewer, size)

    def catch_up(self) -> None:
        while self.viewer.stale or self.viewer.outbox.size:
            self.take()


@given(st.lists(STEPS, max_size=25), SIZES, SIZES)
@example(["\x1b[3;10H", "世"], Resize(2, 4), Resize(2, 5))  # it does not fit, and leaves a cell free
def test_everybody_ends_with_what_the_session_shows(
    steps: list[str | tuple[str, Resize | None]], size: Resize, watched: Resize
) -> None:
    screen = GhosttyScreen(lambda _: None)
    hub = Hub(screen)
    hub.tell(WeaverState("running"))
    people = {"driver": Person(hub, "driver", size, 1 << 20), "watcher": Person(hub, "observer", watched, 60)}
    for step in steps:
        if isinstance(step, str):
            hub.output(step.encode())
        elif step[1]:
            people[step[0]].resize(step[1])
        else:
            people[step[0]].take()
    for end in (b"", b"\x1b[0m and \x1b[31mmore\r\n\x1b[?1049lprimary"):
        hub.output(end)
        for person in people.values():
            person.catch_up()
            same(person, hub, screen)


def same(person: Person, hub: Hub, screen: GhosttyScreen) -> None:
    session, viewer = hub.size, person.viewer.size
    assert session
    assert viewer
    height, width = min(session.rows, viewer.rows), min(session.cols, viewer.cols)
    (row, col), (their_row, their_col) = screen.cursor(), person.terminal.cursor()
    assert look(person.terminal, height, width) == look(screen, height, width, row - their_row, col - their_col)
    assert person.terminal.modes(MODES) == screen.modes(MODES)
    if session == viewer:
        assert (row, col) == (their_row, their_col)
