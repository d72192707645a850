"""The page of measurements has a line for each figure of the relay that `make bench` tells, and for no other."""

import re
from pathlib import Path

from scripts.bench import GROUPS, Figure, crowd_figures, echo_figures, stream_figures
from scripts.bench_relay import Streams
from scripts.bench_relay.crowd import Crowd
from scripts.bench_relay.first_paint import Painting
from scripts.bench_relay.measured import Echo, Pair

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "performance.md").read_text()
_PAIR = Pair(1.0, 1.0, 1.0)
_STREAMS = Streams(_PAIR, _PAIR, _PAIR, _PAIR, _PAIR, _PAIR, _PAIR, Painting(1, 1, 1, 1, 1), load=1.0)
_ECHOES = [(Echo(1, 1), Echo(1, 1))]
_CROWD = Crowd(Echo(1, 1), Echo(1, 1), memory=1, idle=1, load=1, sessions=2000, typing=500)
_FIGURES = [*echo_figures(_ECHOES), *stream_figures(_STREAMS), *crowd_figures(_CROWD)]


def test_each_figure_of_the_relay_is_in_the_table() -> None:
    told = [figure.name for figure in _FIGURES]
    assert re.findall(r"^\| `(relay-[\w-]+)` \|", _PAGE, re.MULTILINE) == told


def test_the_budgets_of_the_table_are_those_that_are_measured_against() -> None:
    for figure in _FIGURES:
        [row] = re.findall(rf"^\| `{figure.name}` \| [^|]+ \| ([^|]+) \|", _PAGE, re.MULTILINE)
        assert row == str(figure).split()[2], row


def test_each_group_of_measurements_is_named() -> None:
    assert set(re.findall(r"`make bench ONLY=(\w+)`", _PAGE)) == set(GROUPS)


def test_a_budget_from_below_is_over_when_it_is_not_reached() -> None:
    assert str(Figure("f", 0.8, 0.9, "b", least=True)) == "f 0.80x >=0.90x OVER  (b)"
    assert Figure("f", 0.9, 0.9, "b", least=True).ok
    assert not Figure("f", 1.1, 1.0, "b").ok
    assert Figure("f", 9.0, None, "b").ok
