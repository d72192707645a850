from datetime import UTC, datetime

import pytest

from loom.session.banner import banner, clone_failure, reminder

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ENV = {
    "LOOM_WEAVER_ID": "019a0000-0000-7000-8000-0000a1b2c3d4",
    "LOOM_WEAVER_NAME": "otter",
    "LOOM_REPO": "https://example.org/o/r.git",
    "LOOM_BRANCH": "dev",
    "LOOM_EXPIRES_AT": "2026-11-23T13:59:30Z",
}


def test_two_lines_say_which_weaver_what_is_in_it_and_when_it_ends():
    assert banner(ENV, NOW) == [
        "weaver otter (a1b2c3d4) · example.org/o/r@dev",
        "exit or Ctrl+D leaves it running; it ends in 3h59m (at 13:59 UTC)",
    ]


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({**ENV, "LOOM_WEAVER_NAME": "", "LOOM_BRANCH": ""}, "weaver a1b2c3d4 · example.org/o/r"),
        ({"LOOM_WEAVER_NAME": "otter", "LOOM_REPO": ""}, "weaver otter"),
        ({}, "weaver (unknown)"),
        ({**ENV, "LOOM_BRANCH": "a\x1b[2Jb"}, "weaver otter (a1b2c3d4) · example.org/o/r@a[2Jb"),
    ],
)
def test_what_is_not_known_is_left_out(env, line):
    assert banner(env, NOW)[0] == line


@pytest.mark.parametrize(
    ("expires_at", "ending"),
    [
        ("2026-11-23T10:45:10Z", "; it ends in 45m (at 10:45 UTC)"),
        ("2026-11-23T10:00:30Z", "; it ends within a minute"),
        ("2026-11-23T09:00:00Z", "; it ends within a minute"),
        ("2026-11-23T10:45:10", ""),
        ("soon", ""),
        ("", ""),
    ],
)
def test_when_it_ends(expires_at, ending):
    assert reminder({"LOOM_EXPIRES_AT": expires_at}, NOW) == "exit or Ctrl+D leaves it running" + ending


def test_a_failed_clone_is_told_with_the_end_of_its_log():
    log = "".join(f"line {number}\n" for number in range(20)) + "\nfatal: no \x1b[31msuch repository\n"
    told = clone_failure("128\n", log)
    assert told[0] == "the repository could not be cloned (exit code 128):"
    assert told[1:] == [*(f"line {number}" for number in range(13, 20)), "fatal: no [31msuch repository"]


@pytest.mark.parametrize("status", ["", "0", "0\n"])
def test_a_clone_that_worked_or_is_unknown_is_not_mentioned(status):
    assert clone_failure(status, "log") == []
