import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidLifetime
from chalicelib.domain.lifetime import (
    ACTIVE_DEADLINE_SECONDS,
    DEFAULT_HOURS,
    MAX_HOURS,
    checked_hours,
    expires_at,
    in_words,
)
from tests.chalicelib.samples import NOW


@pytest.mark.parametrize("hours", [DEFAULT_HOURS, MAX_HOURS, 1 / 3600, 0.5, 47.999])
def test_lifetimes_that_a_weaver_may_have(hours):
    assert checked_hours(hours) == hours


@pytest.mark.parametrize("hours", [0, -0.0, -1, 1e-9, 48.0000001, 1e300, math.inf, -math.inf, math.nan])
def test_lifetimes_that_it_may_not(hours):
    with pytest.raises(InvalidLifetime, match="more than 0 and at most 48") as error:
        checked_hours(hours)
    assert error.value.details == {"field": "lifetime_hours"}


@given(st.floats())
def test_whatever_passes_is_finite_positive_and_under_the_cap(hours):
    try:
        passed = checked_hours(hours)
    except InvalidLifetime:
        return
    end = expires_at(NOW, passed)
    assert NOW < end <= NOW + timedelta(hours=48)
    assert end.microsecond % 1000 == 0
    assert abs((end - NOW).total_seconds() - passed * 3600) < 0.0011
    assert (end - NOW).total_seconds() < ACTIVE_DEADLINE_SECONDS


def test_the_end_is_counted_from_the_creation():
    assert expires_at(NOW, 1.5) == NOW + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(48, "48 h"), (4.0, "4 h"), (1.5, "1.5 h"), (1, "1 h"), (1 / 3, "20 min"), (0.25, "15 min"), (10 / 3600, "10 s")],
)
def test_a_lifetime_in_words(hours, words):
    assert in_words(hours) == words
