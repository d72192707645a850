"""``loom delete``: several at once, and until they are gone."""

import json
import os
import signal
import subprocess
from typing import Any, TypeAlias

import pytest

from loom.cli.gone import until_gone
from loom.cli.in_place import InPlace
from loom.client.api import Api, Weaver
from loom.client.errors import ApiError, ConnectionFailed, LoomError, TimedOut
from tests.loom.conftest import LOOM
from tests.loom.pseudo_terminal import DEADLINE
from tests.loom.stand_in import WEAVER, Answer

ID = WEAVER["id"]
GOING = {**WEAVER, "status": "terminating", "message": "deleted by u1"}
GONE = {**GOING, "status": "succeeded", "ended_at": "2026-01-01T11:00:00Z"}
AWAY = ConnectionFailed("the API cannot be reached")


class Time:
    """A clock that only passes while somebody pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


Given: TypeAlias = dict[str, Any] | LoomError


class Asked(Api):
    """Gives the answers of each id one after another; the last one stays."""

    def __init__(self, **answers: list[Given]) -> None:
        self._answers = answers

    def get(self, reference: str, *, refresh: bool = False) -> Weaver:
        answers = self._answers[reference]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, LoomError):
            raise answer
        return answer


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def told(time):
    """What becomes of each weaver, as an error's text where there is one; a weaver is called by its id in capitals."""

    def told(api: Api, timeout: float = 60.0) -> list[tuple[str, str]]:
        going = {weaver_id: weaver_id.upper() for weaver_id in api._answers}  # type: ignore[attr-defined]
        found = until_gone(api, going, timeout, InPlace.on_stderr(), time.clock, time.pause)
        return [(weaver_id, str(error) if error else "") for weaver_id, error in found]

    return told


def test_each_is_told_once_it_is_gone(told, time, capsys):
    assert told(Asked(a=[GOING, GOING, GONE], b=[GONE], c=[GOING, GONE])) == [("b", ""), ("c", ""), ("a", "")]
    assert len(time.pauses) == 2
    assert all(0.4 <= pause <= 0.6 for pause in time.pauses)
    assert capsys.readouterr().err == "loom: waiting until A, C are gone\n"


def test_history_that_is_over_counts_as_gone_and_a_refusal_is_told(told):
    missing, forbidden = ApiError(404, "weaver_not_found", "no"), ApiError(403, "forbidden", "not yours")
    assert told(Asked(a=[GOING, missing], b=[forbidden])) == [("b", "not yours"), ("a", "")]


def test_an_api_that_is_away_is_asked_again(told):
    assert told(Asked(a=[AWAY, ApiError(503, "retry_later", "busy"), GONE])) == [("a", "")]


@pytest.mark.parametrize(
    ("answer", "state"), [(GOING, "terminating: deleted by u1"), (AWAY, "the API cannot be reached")]
)
def test_the_time_is_bounded_and_what_was_last_seen_is_told(told, time, answer, state):
    assert told(Asked(a=[answer]), 3.0) == [("a", f"not gone after 3s ({state}); look again with: loom describe a")]
    assert time.now == pytest.approx(103.0)


def test_many_are_not_all_named(told, capsys):
    answers: dict[str, list[Given]] = {name: [GOING, GONE] for name in "abcde"}
    assert len(told(Asked(**answers))) == 5
    assert capsys.readouterr().err == "loom: waiting until A, B, C and 2 more are gone\n"


def test_an_error_of_time_is_not_the_users():
    assert (TimedOut.exit_code, TimedOut.code) == (2, "timeout")


def test_wait_goes_on_after_a_failure_and_tells_each(run, api):
    api.on("GET", f"/api/weaver/{ID}", Answer(200, GOING), Answer(200, GONE))
    result = run("delete", "--wait", "unknown", "otter")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "loom: unknown: no weaver of that name; list yours with: loom ps",
        "loom: waiting until otter is gone",
        "loom: deleted otter",
    ]


def test_wait_that_is_in_vain(run, api):
    api.on("GET", f"/api/weaver/{ID}", Answer(200, GOING))
    result = run("delete", "--json", "--wait", "--timeout", "0", "otter")
    message = f"not gone after 0s (terminating: deleted by u1); look again with: loom describe {ID}"
    assert result.returncode == 2
    failed = [{"reference": "otter", "code": "timeout", "message": message}]
    assert json.loads(result.stdout) == {"deleted": [], "failed": failed}
    assert result.stderr == f"loom: otter: {message}\n"


def test_on_a_terminal_the_wait_is_shown_in_place(on_terminal, api):
    api.on("GET", f"/api/weaver/{ID}", Answer(200, GOING), Answer(200, GOING), Answer(200, GONE))
    loom = on_terminal("rm", "--wait", "otter")
    loom.expect("\r\x1b[Kloom: waiting until otter is gone 0s")
    assert loom.ends() == 0
    assert loom.rest().endswith("\r\x1b[Kloom: deleted otter\r\n")


def test_ctrl_c_ends_the_wait_and_not_the_deletion(env, api):
    api.on("GET", f"/api/weaver/{ID}", Answer(200, GOING))
    with subprocess.Popen([*LOOM, "rm", "--wait", "otter"], env=env, stderr=subprocess.PIPE, text=True) as loom:
        assert loom.stderr is not None
        assert loom.stderr.readline() == "loom: waiting until otter is gone\n"
        os.kill(loom.pid, signal.SIGINT)
        said = loom.communicate(timeout=DEADLINE)[1]
    assert (loom.returncode, said) == (130, "loom: interrupted; what was deleted is on its way out all the same\n")


def test_when_nobody_answers_the_rest_is_told_and_not_tried(run, api):
    api.on("DELETE", f"/api/weaver/{ID}", Answer(204), Answer(0))
    result = run("delete", "otter", "a1b2c3d4", "heron", "--json")
    assert result.returncode == 2
    told = json.loads(result.stdout)
    assert told["deleted"] == [ID]
    assert [(one["reference"], one["code"]) for one in told["failed"]] == [
        ("a1b2c3d4", "unreachable"),
        ("heron", "unreachable"),
    ]
    assert not [asked.path for asked in api.asked if "heron" in asked.path]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--timeout", "5"], "--timeout is for --wait: give that, too"),
        (["--wait", "--timeout", "soon"], "--timeout 'soon': give seconds, or a time such as 30s, 2m or 1h"),
        (["--wait", "--timeout=-1"], "--timeout '-1': give seconds, or a time such as 30s, 2m or 1h"),
        (["--wait", "--timeout", "inf"], "--timeout 'inf': give seconds, or a time such as 30s, 2m or 1h"),
    ],
)
def test_bad_usage_never_reaches_the_api(run, api, arguments, told):
    result = run("delete", *arguments, "otter")
    assert (result.returncode, result.stderr) == (1, f"loom: {told}\n")
    assert api.asked == []


def test_a_name_given_twice_is_one(run, api):
    assert run("delete", "otter", "otter").stderr == "loom: deleted otter\n"
