import pytest

from loom.cli.pace import Pace


def test_answers_keep_it_steady_and_failures_slow_it_down():
    pace = Pace(interval=2.0, longest=30.0, chance=lambda: 0.5)
    assert [pace.answered(), pace.answered()] == [2.0, 2.0]
    assert [pace.failed() for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert pace.failing
    assert pace.answered() == 2.0
    assert not pace.failing
    assert pace.failed() == 2.0


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 1.6), (1.0, 2.4)])
def test_not_everybody_asks_at_once(chance, seconds):
    assert Pace(chance=lambda: chance).answered() == pytest.approx(seconds)


def test_failures_for_days_do_no_harm():
    pace = Pace(chance=lambda: 0.5)
    assert {pace.failed() for _ in range(5000)} == {2.0, 4.0, 8.0, 16.0, 30.0}
