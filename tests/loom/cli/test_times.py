from datetime import UTC, datetime

import pytest

from loom.cli.times import since, span, until

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h00m"), (14_399, "3h59m"), (93_600, "1d02h")],
)
def test_spans_have_two_units(seconds, text):
    assert span(seconds) == text


def test_times_are_told_from_now():
    assert until("2026-11-23T13:59:30Z", NOW) == "in 3h59m"
    assert until("2026-11-23T09:59:30Z", NOW) == "over"
    assert since("2026-11-23T09:55:00Z", NOW) == "5m ago"
    assert since("2026-11-23T10:00:03Z", NOW) == "0s ago"


@pytest.mark.parametrize("text", [None, "", "soon", "2026-11-23T10:00:00", 7])
def test_what_is_no_time_is_left_out(text):
    assert (since(text, NOW), until(text, NOW)) == ("", "")
