import io

from loom.cli.in_place import InPlace
from loom.cli.progress import Progress
from loom.wire import Stage, Status

AT = "2026-11-23T10:00:01Z"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pending(*stages: str, reason: str = "Scheduling", message: str = "waiting for a node") -> Status:
    return Status("pending", "driver", reason=reason, message=message, stages=tuple(Stage(name, AT) for name in stages))


def test_each_stage_took_the_time_since_the_one_before():
    clock, stream = Clock(), io.StringIO()
    progress = Progress(InPlace(stream, None), clock.now, clock)
    for seconds, stages in [
        (0.25, ["reserved", "scheduled"]),
        (2.0, ["scheduled", "pulled"]),
        (0.5, ["scheduled", "pulled", "ready"]),
    ]:
        clock.now += seconds
        progress.update(pending(*stages))
    assert [line for line in stream.getvalue().splitlines() if "waiting" not in line] == [
        "loom: scheduled 0.2s",
        "loom: pulled 2.0s",
        "loom: ready 0.5s",
    ]


def test_what_was_reached_before_we_came_has_no_time():
    clock, stream = Clock(), io.StringIO()
    progress = Progress(InPlace(stream, None), None, clock)
    progress.update(pending("scheduled", "pulled"))
    clock.now += 2
    progress.update(pending("scheduled", "pulled", "cloned"))
    assert stream.getvalue() == "loom: scheduled\nloom: pulled\nloom: waiting: Scheduling\nloom: cloned 2.0s\n"


def test_a_weaver_that_runs_already_is_not_worth_a_word():
    for width in (None, lambda: 80):
        stream = io.StringIO()
        progress = Progress(InPlace(stream, width), None, Clock())
        progress.update(Status("running", "driver", stages=(Stage("ready", AT),)))
        progress.done()
        assert stream.getvalue() == ""


def test_without_a_terminal_progress_of_one_kind_is_told_once():
    stream = io.StringIO()
    progress = Progress(InPlace(stream, None), 100.0, Clock())
    for percent in range(50):
        progress.update(pending(reason="Cloning", message=f"{percent}%"))
        progress.tick()
    assert stream.getvalue() == "loom: waiting: Cloning\n"


def test_the_line_on_a_terminal_never_wraps():
    stream = io.StringIO()
    progress = Progress(InPlace(stream, lambda: 30), 100.0, Clock())
    progress.update(pending("scheduled", reason="Cloning", message="x" * 200))
    (line,) = stream.getvalue().split("\r\x1b[K")[1:]
    assert len(line) < 30
    assert line.endswith("…")


def test_the_line_on_a_terminal_shows_that_time_passes_and_goes_away():
    clock, stream = Clock(), io.StringIO()
    progress = Progress(InPlace(stream, lambda: 80), 100.0, clock)
    progress.update(pending())
    clock.now += 7
    progress.tick()
    assert stream.getvalue().endswith("\r\x1b[Kloom: Scheduling 7s: waiting for a node")
    progress.done()
    assert stream.getvalue().endswith("\r\x1b[K")
