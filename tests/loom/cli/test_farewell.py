import pytest

from loom.cli.farewell import farewell
from loom.cli.labels import label
from loom.wire import Exit, Status

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


def test_a_shell_in_a_session_is_no_reason_for_the_hint():
    assert farewell(Exit("ended", 1), {**WEAVER, "has_session": True}, None, 0.1)[0] == "otter ended with exit code 1"


def test_a_weaver_without_a_name_is_called_by_its_short_id():
    assert label({**WEAVER, "name": None}) == "a1b2c3d4"
