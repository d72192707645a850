"""The session's rules, without I/O."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loom.wire import SHELL_ENDED, Exit, Notice, Resize, Status
from relay.core.hub import CALM, Hub
from relay.core.outbox import Outbox
from relay.core.screen import CLEAR
from relay.core.viewer import Viewer, WeaverState

RUNNING = WeaverState("running")
#: Makes letters of what begins a sequence that the hub may hold back or take out.
PLAIN = bytes.maketrans(b"\x1b\x05\xc2", b"abc")


@dataclass
class Tape:
    """A screen whose snapshot is all that it was fed: what a viewer has is then simply everything."""

    text: bytes = b""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)

    def feed(self, data: bytes) -> None:
        self.text += data

    def ask(self, query: bytes) -> None:
        self.asked.append(query)

    def resize(self, rows: int, cols: int) -> None:
        self.sizes.append((rows, cols))

    def snapshot(self) -> bytes:
        return self.text

    def rows(self, top: int, left: int, height: int, width: int) -> list[bytes]:
        return [b"painted " + self.text[-20:]] + [b""] * (height - 1)

    def cursor(self) -> tuple[int, int]:
        return 0, 0

    def modes(self, among: Iterable[int]) -> frozenset[int]:
        return frozenset()


def viewer(role: str = "driver", limit: int = 1 << 20) -> Viewer:
    return Viewer(uuid.uuid4().hex, may=role, role=role, outbox=Outbox(limit, lambda: None))  # type: ignore[arg-type]


def taken(viewer: Viewer) -> list[object]:
    items: list[object] = []
    while (item := viewer.outbox.take()) is not None:
        items.append(item)
    return items


def shown(viewer: Viewer) -> bytes:
    """What the viewer's terminal has: a snapshot replaces everything before."""
    data = b"".join(item for item in taken(viewer) if isinstance(item, bytes))
    return data.rpartition(CLEAR)[2]


def joined(hub: Hub, role: str = "driver", size: Resize | None = None) -> Viewer:
    one = viewer(role)
    hub.join(one)
    if size:
        hub.resize(one, size)
    hub.ready(one)
    return one


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_whenever_a_viewer_comes_it_has_everything_once(chunks: list[bytes], comes: int, runs: int) -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    late = viewer()
    for number, chunk in enumerate(chunks):
        if number == comes:
            hub.join(late)
        if number == comes + runs:
            hub.ready(late)
        hub.output(b"." + chunk.translate(PLAIN))
    if comes + runs < len(chunks):
        assert shown(late) == b"".join(b"." + chunk.translate(PLAIN) for chunk in chunks)
    else:
        assert shown(late) == b""


@given(st.lists(st.one_of(st.just(None), st.binary(min_size=1, max_size=60)), max_size=60))
def test_a_slow_viewer_ends_with_the_screen_and_its_queue_is_bounded(steps: list[bytes | None]) -> None:
    tape = Tape()
    hub = Hub(tape)
    hub.tell(RUNNING)
    slow = viewer(limit=4096)
    hub.join(slow)
    hub.ready(slow)
    has = b""
    for step in [*steps, None, None, None]:
        if step is None:
            has += b"".join(item for item in taken(slow) if isinstance(item, bytes))
            if slow.stale:
                hub.repaint(slow)
        else:
            hub.output(b"." + step.translate(PLAIN) * 20)
        assert slow.outbox.size <= 4096 + len(tape.text)
    assert not slow.painter
    assert has.rpartition(CLEAR)[2] == tape.text


def test_a_slow_viewer_is_painted_until_it_is_calm() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    slow = viewer(limit=100)
    hub.join(slow)
    hub.ready(slow)
    hub.output(b"begin" * 100)
    assert taken(slow)[-1:] != [b"begin" * 100]
    for letter in (b"x", b"y", b"x"):
        hub.output(letter * (CALM + 1))
        hub.repaint(slow)
        assert b"painted" in shown_rest(slow)
        assert slow.stale
    hub.output(b"end")
    hub.repaint(slow)
    assert shown(slow).endswith(b"xend")
    hub.output(b"bytes again")
    assert taken(slow) == [b"bytes again"]


def test_a_viewer_of_another_size_is_painted_until_the_sizes_are_the_same() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    driver = joined(hub, size=Resize(10, 40))
    watching = joined(hub, "observer", Resize(9, 40))
    hub.output(b"first")
    assert not shown_rest(watching)
    assert watching.stale
    hub.repaint(watching)
    assert b"painted first" in shown_rest(watching)
    assert not watching.stale
    hub.resize(driver, Resize(9, 40))
    assert watching.stale
    hub.repaint(watching)
    assert shown_rest(watching) == CLEAR + b"first"
    hub.output(b"second")
    assert taken(watching)[-1] == b"second"
    hub.resize(watching, Resize(9, 39))
    hub.output(b"third")
    hub.repaint(watching)
    assert b"painted" in shown_rest(watching)


def test_what_was_queued_is_not_sent_before_the_repaint_that_has_it() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    driver = joined(hub, size=Resize(10, 40))
    watching = joined(hub, "observer", Resize(10, 40))
    hub.output(b"queued")
    hub.resize(driver, Resize(20, 40))
    assert not shown_rest(watching)


@pytest.mark.parametrize("size", [None, Resize(5, 5)])
def test_the_last_thing_a_painted_viewer_sees_is_the_screen_at_the_end(size: Resize | None) -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    joined(hub, size=Resize(10, 40))
    late = viewer("observer", limit=10)
    hub.join(late)
    if size:
        hub.resize(late, size)
    hub.ready(late)
    hub.output(b"x" * CALM * 2)
    hub.output(b"last words")
    hub.end(Exit("ended"))
    items = taken(late)
    assert items[-1] == Exit("ended")
    assert b"last words" in b"".join(item for item in items if isinstance(item, bytes))


def shown_rest(viewer: Viewer) -> bytes:
    return b"".join(item for item in taken(viewer) if isinstance(item, bytes))


def test_no_output_before_the_weaver_runs() -> None:
    hub = Hub(Tape())
    one = joined(hub)
    hub.output(b"early")
    assert not any(isinstance(item, bytes) for item in taken(one))
    hub.tell(RUNNING)
    items = taken(one)
    assert isinstance(items[0], Status)
    assert items[0].status == "running"
    assert items[1] == CLEAR + b"early"


def test_status_is_told_only_when_it_changed() -> None:
    hub = Hub(Tape())
    one = joined(hub)
    taken(one)
    hub.tell(WeaverState())
    hub.ready(one)
    assert taken(one) == []
    other = joined(hub)
    assert [item.viewers for item in taken(one) if isinstance(item, Status)] == [2]
    hub.leave(other)
    hub.leave(other)
    assert [item.viewers for item in taken(one) if isinstance(item, Status)] == [1]


def test_sizes() -> None:
    tape = Tape()
    hub = Hub(tape)
    small, large, other = Resize(10, 40), Resize(50, 200), Resize(30, 90)
    watching = joined(hub, "observer", other)
    assert hub.size is None
    first = joined(hub, size=small)
    second = joined(hub, size=large)
    assert hub.size == small
    assert hub.typed(second, b"x") == b"x"
    assert hub.size == large
    hub.resize(first, other)
    assert hub.size == large
    assert hub.typed(watching, b"x") == b""
    assert hub.size == large
    hub.leave(second)
    assert hub.size == other
    hub.leave(first)
    assert hub.size == other
    hub.leave(watching)
    assert tape.sizes == [(10, 40), (50, 200), (30, 90)]


def test_a_driver_takes_the_size_over_and_the_others_still_may_type() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    small, large = Resize(10, 40), Resize(50, 200)
    first, second = joined(hub, size=small), joined(hub, size=large)
    hub.typed(first, b"x")
    assert hub.want_role(second, "driver")
    assert hub.size == large
    assert hub.typed(first, b"y") == b"y"
    assert hub.size == small
    hub.want_role(second, "driver")
    hub.output(SHELL_ENDED)  # of the shell that the first one typed in
    assert hub.viewers == [second]
    third = joined(hub, size=small)
    hub.want_role(second, "observer")
    assert hub.size == small
    assert (second.role, third.role) == ("observer", "driver")


@pytest.mark.parametrize("size", [None, Resize(10, 40)])
def test_an_observer_changes_nothing_by_any_message(size: Resize | None) -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    joined(hub, size=size)
    watching = joined(hub, "observer", Resize(30, 100))
    hub.resize(watching, Resize(31, 101))
    assert not hub.want_role(watching, "driver")
    assert hub.want_role(watching, "observer")
    for data in (b"x", b"\r", b"\x03", b"\x1b[I", b"\x1b[24;80R", b"\x1b[<0;1;1M"):
        assert hub.typed(watching, data) == b""
    assert (watching.role, hub.size) == ("observer", size)
    hub.output(SHELL_ENDED)
    assert watching in hub.viewers


def test_a_user_is_not_told_of_itself() -> None:
    hub = Hub(Tape())
    ann, bob = joined(hub), joined(hub)
    ann.user_id, bob.user_id = "ann", "bob"
    hub.tell_others("bob", "bob came")
    assert Notice("bob came", brief=True) in taken(ann)
    assert not any(isinstance(item, Notice) for item in taken(bob))


def test_what_terminals_say_by_themselves_is_input_but_not_typing() -> None:
    hub = Hub(Tape())
    first, second = joined(hub, size=Resize(10, 10)), joined(hub, size=Resize(20, 20))
    for reply in (
        b"\x1b[?62;22c",
        b"\x1b[>1;10;0c",
        b"\x1b[24;80R",
        b"\x1b[I",
        b"\x1b]11;rgb:0/0/0\x1b\\",
        b"\x1bP>|x\x1b\\",
    ):
        assert hub.typed(second, reply) == reply
        assert hub.size == Resize(10, 10)
    hub.typed(first, b"a")
    hub.typed(second, b"\x1b[A")  # an arrow key
    assert hub.size == Resize(20, 20)


@given(st.integers(0, len(SHELL_ENDED)))
def test_the_end_of_a_shell_detaches_the_last_typer(cut: int) -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    typer, other = joined(hub), joined(hub)
    hub.typed(typer, b"exit\r")
    hub.output(b"logout" + SHELL_ENDED[:cut])
    hub.output(SHELL_ENDED[cut:] + b"fresh")
    assert taken(typer)[-1] == Exit("detached")
    assert typer.outbox.closed
    assert hub.viewers == [other]
    assert shown(other) == b"logoutfresh"
    hub.output(SHELL_ENDED)
    assert hub.viewers == [other]


def test_queries_are_for_the_screen_alone() -> None:
    tape = Tape()
    hub = Hub(tape)
    hub.tell(RUNNING)
    one, other = joined(hub), joined(hub, "observer")
    hub.past_output(b"log\x1b[")
    hub.output(b"cprompt\x1b]11;?")
    hub.output(b"\x1b\\$ \x1b]52;c;?\x07")
    assert tape.asked == [b"\x1b[c", b"\x1b]11;?\x1b\\"]
    assert tape.text == shown(one) == shown(other) == b"logprompt$ "


def test_what_terminals_say_to_graphics_goes_nowhere() -> None:
    hub = Hub(Tape())
    one = joined(hub)
    assert hub.typed(one, b"\x1b_Gi=1;OK\x1b\\\x1b_Gi=2;OK\x1b\\") == b""
    assert hub.typed(one, b"\x1b_Gi=1;OK\x1b\\x") != b""


def test_the_past_detaches_nobody() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    one = joined(hub)
    hub.typed(one, b"x")
    hub.past_output(b"old" + SHELL_ENDED)
    assert hub.viewers == [one]
    assert shown(one) == b"old"


def test_what_a_session_was_shown_takes_the_place_of_the_screen() -> None:
    hub = Hub(Tape(b"what was known"))
    hub.tell(RUNNING)
    one, smaller = joined(hub, size=Resize(24, 80)), joined(hub, size=Resize(10, 40))
    taken(one)
    taken(smaller)
    smaller.stale = False
    tape = Tape()
    hub.replay(tape, (Resize(30, 90), b"all\x1b[6n" + SHELL_ENDED + b" of it\x1b", Resize(24, 80), b"["))
    hub.output(b"1m and more")
    assert tape.text == shown(one) == b"all of it\x1b[1m and more"
    assert tape.sizes == [(30, 90), (24, 80), (24, 80)]
    assert tape.asked == []
    assert smaller.stale


def test_nobody_is_shown_a_screen_that_is_not_known() -> None:
    hub = Hub(Tape(), unknown=True)
    hub.tell(RUNNING)
    one = joined(hub)
    one.resumed = True
    assert shown(one) == b""
    hub.replay(Tape(), (b"all of it",))
    hub.known()
    assert shown(one) == b"all of it"


def test_the_end_comes_after_everything_else() -> None:
    hub = Hub(Tape())
    hub.tell(RUNNING)
    one = joined(hub)
    hub.output(b"last words")
    hub.notice("soon")
    hub.end(Exit("ended", code=3))
    assert taken(one)[-3:] == [b"last words", Notice("soon"), Exit("ended", code=3)]
    assert hub.viewers == []
