"""The watched table: what stands there as answers come, fail and stay away."""

from datetime import UTC, datetime

import pytest

from loom.cli.board import Board
from loom.cli.pace import Pace
from loom.client.errors import ApiError, ConnectionFailed, LoomError, ProtocolError
from loom.wire import Resize
from tests.loom.stand_in import WEAVER

WALL = datetime(2026, 1, 1, 10, 5, tzinfo=UTC)
SIZE = Resize(24, 100)
REFUSED = ConnectionFailed("the API cannot be reached: Connection refused")


def board(*weavers: dict[str, object] | LoomError, ended: bool = False) -> Board:
    """One that was asked at 100 and answered at 101, and again at 110 for a second answer."""
    made = Board(Pace(chance=lambda: 0.5), ended=ended)
    made.asked(100.0)
    made.answered(list(weavers), 101.0)  # type: ignore[arg-type]
    return made


def shown(board: Board, now: float, size: Resize = SIZE) -> list[str]:
    return list(board.lines(now, WALL, size))


def test_nothing_stands_there_before_the_first_answer_unless_that_takes_long():
    asking = Board(Pace(), ended=False)
    assert asking.ask_at == 0.0
    asking.asked(100.0)
    assert asking.ask_at is None
    assert shown(asking, 102.9) == []
    assert shown(asking, 103.1) == ["loom: waiting for the API"]


def test_the_table_and_when_to_ask_again():
    told = board(WEAVER)
    assert told.ask_at == 103.0
    header, row = shown(told, 101.0)
    assert header.split() == ["ID", "NAME", "STATUS", "REPO", "CREATED", "ENDS", "TAGS"]
    assert row.split()[:3] == ["a1b2c3d4", "otter", "pending"]
    assert shown(board(), 101.0) == ["loom: no weavers; make one with: loom new"]


def test_with_ended_ones_it_tells_when_they_ended():
    gone = {**WEAVER, "status": "failed", "reason": "OOMKilled", "ended_at": "2026-01-01T10:02:00Z"}
    header, row = shown(board(gone, ended=True), 101.0)
    assert row[header.index("STATUS") :].startswith("failed (OOMKilled)")
    assert row[header.index("END") :].startswith("3m ago")


def test_an_outage_is_told_below_what_was_known_and_slows_the_asking():
    told = board(WEAVER)
    table = shown(told, 101.0)
    told.asked(103.0)
    assert shown(told, 105.0) == table
    assert shown(told, 107.0) == [*table, "loom: waiting for the API; this is 7s old"]
    told.answered(REFUSED, 110.0)
    assert told.ask_at == 112.0
    assert shown(told, 111.0) == [*table, f"loom: {REFUSED}; this is 11s old; asking again"]
    told.asked(112.0)
    told.answered(ProtocolError("502, a load balancer's page"), 112.0)
    assert told.ask_at == 116.0
    told.asked(116.0)
    told.answered([WEAVER], 116.0)
    assert shown(told, 116.0) == table
    assert told.ask_at == 118.0


@pytest.mark.parametrize("error", [REFUSED, ApiError(401, "unauthorized", ""), ValueError("a mistake of ours")])
def test_the_first_question_is_answered_or_the_watch_ends(error):
    asking = Board(Pace(), ended=False)
    asking.asked(1.0)
    with pytest.raises(type(error)):
        asking.answered(error, 2.0)


@pytest.mark.parametrize(
    "error", [ApiError(401, "unauthorized", ""), ApiError(403, "forbidden", ""), ValueError("ours")]
)
def test_what_does_not_pass_ends_the_watch(error):
    told = board(WEAVER)
    with pytest.raises(type(error)):
        told.answered(error, 2.0)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_does_not(status):
    told = board(WEAVER)
    told.answered(ApiError(status, "code", "busy"), 102.0)
    assert shown(told, 102.0)[-1] == "loom: busy; this is 2s old; asking again"


@pytest.mark.parametrize("rows", range(1, 12))
@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_it_always_fits(rows, count, failing):
    told = board(*({**WEAVER, "short_id": f"{number:08}"} for number in range(count)))
    if failing:
        told.answered(REFUSED, 102.0)
    size = Resize(rows, 30)
    lines = shown(told, 102.0, size)
    assert len(lines) <= max(1, rows - 1)
    assert all(len(line.replace("\x1b[33m", "").replace("\x1b[0m", "")) < 30 for line in lines)
    listed = sum(line.startswith("0000") for line in lines)
    if rows - 1 - failing >= 3 and count:
        left = count - listed
        assert (f"… and {left} more" in lines) == (left > 0)
