"""``loom ps --watch`` as a program: on a terminal, and line by line for others."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.loom.conftest import LOOM
from tests.loom.pseudo_terminal import DEADLINE, PseudoTerminal
from tests.loom.stand_in import WEAVER, Answer, Api, refusal

#: The command, asking every few milliseconds.
QUICK = [
    sys.executable, "-c",
    """if True:
    import sys; from loom.cli.pace import Pace; from loom.cli.parser import parse; from loom.cli.watch import watch
    sys.exit(watch(parse(sys.argv[1:]), Pace(0.02, 0.02)))""",
    "ps", "--watch",
]  # fmt: skip
RUNNING = {**WEAVER, "status": "running"}
OTHER = {**WEAVER, "id": "019a0000-0000-7000-8000-0000ffffffff", "short_id": "ffffffff", "name": "heron"}
GONE = {**RUNNING, "status": "succeeded", "reason": "Deleted", "ended_at": "2026-01-01T11:00:00Z"}
Watching = Callable[..., "subprocess.Popen[str]"]


def page(*weavers: dict[str, Any]) -> Answer:
    return Answer(200, {"weavers": weavers, "next_cursor": None})


def lists(api: Api, *answers: Answer) -> None:
    api.on("GET", "/api/weavers", *answers)


@pytest.fixture
def watching(env) -> Iterator[Watching]:
    """Runs the command in a pipe, until the test is over."""
    with ExitStack() as processes:

        def watch(*arguments: str, command: list[str] = QUICK) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [*command, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            processes.enter_context(process)
            processes.callback(process.kill)
            return process

        yield watch


@pytest.fixture
def terminal(env) -> Iterator[Callable[..., PseudoTerminal]]:
    with ExitStack() as terminals:
        yield lambda *arguments, command=QUICK, **size: terminals.enter_context(
            PseudoTerminal([*command, *arguments], {**env, "NO_COLOR": "1"}, **size)
        )


def line(process: "subprocess.Popen[str]") -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n").split("\t")


def left(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code and what it said, after Ctrl+C."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=DEADLINE)
    return process.returncode, said


def test_in_a_pipe_only_what_changes_is_a_line(watching, api):
    api.on("GET", f"/api/weaver/{WEAVER['id']}", Answer(200, GONE))
    lists(api, page(WEAVER), page(WEAVER), page(OTHER, WEAVER), page(OTHER, RUNNING), page(OTHER))
    watch = watching()
    assert [line(watch)[:3] for _ in range(4)] == [
        ["a1b2c3d4", "otter", "pending"],
        ["ffffffff", "heron", "pending"],
        ["a1b2c3d4", "otter", "running"],
        ["a1b2c3d4", "otter", "succeeded (Deleted)"],
    ]
    assert left(watch) == (0, "")


def test_with_json_each_line_is_a_weaver(watching, api):
    staged = {**WEAVER, "stages": {"scheduled": "2026-01-01T10:00:00Z"}}
    lists(api, page(WEAVER), page(WEAVER), page(staged))
    watch = watching("--json")
    assert watch.stdout
    assert [json.loads(watch.stdout.readline()) for _ in range(2)] == [WEAVER, staged]
    assert left(watch) == (0, "")


def test_ids_alone_filters_and_ended_ones(watching, api):
    watch = watching("--all", "-q", "--tag", "team:core")
    assert line(watch) == ["a1b2c3d4"]
    assert left(watch)[0] == 0
    assert [asked.path for asked in api.asked[:2]] == [
        "/api/weavers?tag=team%3Acore",
        "/api/weavers?tag=team%3Acore&ended=true",
    ]


def test_one_whose_history_is_over_too_needs_no_line(watching, api):
    api.on("GET", f"/api/weaver/{WEAVER['id']}", refusal(404, "weaver_not_found", "no weaver"))
    lists(api, page(WEAVER), page(), page(OTHER))
    watch = watching()
    assert [line(watch)[0] for _ in range(2)] == ["a1b2c3d4", "ffffffff"]


def test_an_outage_is_told_once_and_loses_no_change(watching, api):
    busy = refusal(502, "k8s_error", "the cluster refused")
    api.on("GET", f"/api/weaver/{WEAVER['id']}", busy, Answer(200, GONE))
    lists(api, page(WEAVER), busy, busy, page())
    watch = watching()
    assert [line(watch)[2] for _ in range(2)] == ["pending", "succeeded (Deleted)"]
    assert left(watch) == (0, "loom: the cluster refused; asking again\nloom: the API answers again\n")


def test_what_does_not_pass_ends_it(watching, api):
    lists(api, page(WEAVER), refusal(401, "unauthorized", "it is not known"))
    watch = watching(command=[*LOOM, "ps", "-w"])
    out, said = watch.communicate(timeout=DEADLINE)
    assert (watch.returncode, out.count("\n")) == (2, 1)
    assert "refused the token" in said


def test_a_first_list_that_fails_ends_it(run, api):
    lists(api, refusal(502, "k8s_error", "the cluster refused"))
    result = run("ps", "--watch")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "loom: the cluster refused\n")


def test_a_reader_that_goes_away_ends_it_though_nothing_changes(watching):
    watch = watching(command=[*LOOM, "ps", "-w"])
    assert line(watch)
    watch.stdout.close()
    assert watch.wait(DEADLINE) == 141


def test_on_a_terminal_the_table_is_redrawn_until_ctrl_c(terminal, api):
    lists(api, page(WEAVER), page(OTHER, RUNNING))
    watch = terminal()
    watch.expect("a1b2c3d4  otter  pending")
    redrawn = watch.expect("a1b2c3d4  otter  running")
    assert "\x1b[2A" in redrawn
    assert "ffffffff  heron  pending" in redrawn
    assert watch.modes() != watch.modes_before
    watch.type(b"\x03")
    assert watch.ends() == 0
    assert watch.modes() == watch.modes_before
    assert "\x1b[?1049h" not in redrawn + watch.rest()


@pytest.mark.parametrize(("key", "code"), [(b"q", 0), (b"xQ", 0), (None, 128 + signal.SIGTERM)])
def test_q_and_sigterm_leave_too(terminal, key, code):
    watch = terminal(command=[*LOOM, "ps", "-w"])
    watch.expect("otter")
    if key:
        watch.type(key)
    else:
        watch.process.terminate()
    assert watch.ends() == code
    assert watch.modes() == watch.modes_before


def test_a_closed_window_ends_it(terminal):
    watch = terminal()
    watch.expect("otter")
    watch.hang_up()
    assert watch.process.wait(DEADLINE) in (0, 128 + signal.SIGHUP)


def test_keys_and_another_size_do_not_wait_for_the_api(terminal, api):
    watch = terminal(cols=90)
    watch.expect("team:core")
    api.open.clear()
    watch.resize(24, 20)
    watch.expect("a1b2c3d4  otter  p…")
    watch.expect("loom: waiting for …")
    watch.type(b"q")
    assert watch.ends() == 0
    api.open.set()


def test_an_outage_stands_below_the_table_until_it_is_over(terminal, api):
    lists(api, page(WEAVER), refusal(502, "k8s_error", "the cluster refused"))
    watch = terminal(cols=100)
    watch.expect("loom: the cluster refused; this is ")
    watch.expect(" old; asking again")
    lists(api, page(RUNNING))
    assert "cluster refused" not in watch.expect("otter  running").rpartition("ID ")[2]
    watch.type(b"q")
    assert watch.ends() == 0


def test_an_error_stands_below_the_last_table(terminal, api):
    lists(api, page(WEAVER), refusal(403, "forbidden", "not yours"))
    watch = terminal(command=[*LOOM, "ps", "-w"])
    watch.expect("otter")
    assert watch.ends() == 1
    assert watch.rest().endswith("loom: not yours\r\n")
    assert watch.modes() == watch.modes_before


def test_a_dumb_terminal_gets_lines(env):
    with PseudoTerminal(QUICK, {**env, "TERM": "dumb"}) as watch:
        watch.expect("a1b2c3d4\totter\t")
        watch.type(b"\x03")
        assert watch.ends() == 0
        assert "\x1b" not in watch.rest()
