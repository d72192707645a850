from hypothesis import given
from hypothesis import strategies as st

from relay.core.bucket import Bucket


@given(st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 5)), max_size=40))
def test_whoever_waits_as_told_gets_no_more_than_the_burst_and_the_rate(steps: list[tuple[float, float]]) -> None:
    bucket, now, taken = Bucket(rate=100, burst=1000, now=50.0), 50.0, 0.0
    for amount, pause in steps:
        wait = bucket.take(amount, now)
        taken += amount
        now += wait
        assert taken <= 1000 + (now - 50.0) * 100 + 1e-6 * (1 + taken)
        now += pause


def test_nobody_waits_within_the_burst_and_it_fills_again() -> None:
    bucket = Bucket(rate=100, burst=1000, now=0.0)
    assert bucket.take(1000, 0.0) == 0
    assert bucket.take(50, 0.0) == 0.5
    assert bucket.take(1000, 3600.0) == 0
    assert bucket.take(100, 3600.0) == 1
