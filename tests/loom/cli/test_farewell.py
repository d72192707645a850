from typing import get_args

import pytest

from loom.cli.farewell import farewell, unsaid
from loom.cli.labels import label
from loom.wire import Exit, Status
from loom.wire.messages import ExitReason

WEAVER = {"id": "019a0000-0000-7000-8000-0000a1b2c3d4", "name": "otter", "has_session": False}


@pytest.mark.parametrize(
    ("left", "status", "seconds", "text", "code"),
    [
        (Exit("ended", 3), None, 60, "otter ended with exit code 3", 3),
        (Exit("ended", 0), None, 1, "otter ended with exit code 0; an image needs a main process that keeps running", 0),
        (Exit("ended"), None, 60, "otter ended", 1),
        (Exit("ended", -1), None, 60, "otter ended with exit code -1", 1),
        (Exit("ended", 256), None, 60, "otter ended with exit code 256", 1),
        (Exit("ended", 137), ("failed", "the memory limit was exceeded (exit code 137)"), 60,
         "otter ended: the memory limit was exceeded (exit code 137)", 137),
        (Exit("ended", 2), ("failed", "evicted:\x1b[2J too much\ndisk"), 60,
         "otter ended: evicted:[2J too much disk (exit code 2)", 2),
        (Exit("ended", 0), ("succeeded", "it ended; an image needs a main process that keeps running"), 1,
         "otter ended: it ended; an image needs a main process that keeps running (exit code 0)", 0),
        (Exit("ended", 1), ("running", "old news"), 60, "otter ended with exit code 1", 1),
    ],
)  # fmt: skip
def test_how_it_ended(left, status, seconds, text, code):
    told = Status(status[0], "driver", message=status[1]) if status else None
    assert farewell(left, WEAVER, told, seconds) == (text, code)


DELETED = "deleted before its time by dev via Slack at 2026-11-23 08:30 UTC"
ENDING = {"by": "dev", "via": "Slack", "at": "2026-11-23T08:30:00Z"}


@pytest.mark.parametrize(
    ("reason", "record", "text"),
    [
        ("deleted", None, "otter was deleted"),
        ("expired", None, "otter has expired: its lifetime is over"),
        ("deleted", {"ending": ENDING, "reason": "Deleted", "message": DELETED}, f"otter was {DELETED}"),
        ("expired", {"ending": ENDING, "reason": "Deleted", "message": DELETED}, f"otter was {DELETED}"),
        ("deleted", {"ended_at": "2026-11-23T08:30:00Z", "reason": "PodGone", "message": "its pod\x1b[2J disappeared"},
         "otter was deleted: its pod[2J disappeared"),
        ("deleted", {"ending": ENDING, "reason": "Expired", "message": "its lifetime of 4 h ended"},
         "otter has expired: its lifetime is over"),
        ("deleted", {"ending": None, "ended_at": None, "reason": None, "message": None}, "otter was deleted"),
        ("expired", {"ending": None, "reason": "Running", "message": "running"}, "otter has expired: its lifetime is over"),
    ],
)  # fmt: skip
def test_who_deleted_it_is_the_records_to_tell(reason, record, text):
    assert farewell(Exit(reason), WEAVER, None, 60, record=record) == (text, 1)


def test_only_an_end_from_outside_is_asked_about():
    asked = {reason for reason in get_args(ExitReason) if unsaid(Exit(reason))}
    assert asked == {"expired", "deleted"}


def test_a_shell_in_a_session_is_no_reason_for_the_hint():
    assert farewell(Exit("ended", 1), {**WEAVER, "has_session": True}, None, 0.1)[0] == "otter ended with exit code 1"


def test_a_weaver_without_a_name_is_called_by_its_short_id():
    assert label({**WEAVER, "name": None}) == "a1b2c3d4"
