"""Chaos finds nothing in what there is, and every fault that is planted (`make chaos` is the same at full length)."""

import re
import subprocess
import sys

import pytest

from tests.chaos.__main__ import main
from tests.chaos.counts import Counts
from tests.chaos.plants import PLANTS
from tests.chaos.suites import Result

LINE = re.compile(r"chaos: points=(\d+) orphans=(\d+) leaks=(\d+) stuck=(\d+) wrong=(\d+)")
#: What each fault shows as: the place of its number in the line.
SHOWS = {
    "forgets-quota": "leaks",
    "deletes-without-condition": "wrong",
    "keeps-names": "leaks",
    "forgets-keys": "wrong",
    "never-reconciles": "orphans",
    "takes-any-pod": "leaks",
    "does-not-wait": "wrong",
}


def counts(output: str) -> dict[str, int]:
    """Those of the last line."""
    line = LINE.fullmatch(output.splitlines()[-1])
    assert line, output
    return dict(zip(("points", "orphans", "leaks", "stuck", "wrong"), map(int, line.groups()), strict=True))


def test_the_short_form_finds_nothing():
    done = subprocess.run([sys.executable, "-m", "tests.chaos"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert counts(done.stdout) == {
        "points": counts(done.stdout)["points"],
        "orphans": 0,
        "leaks": 0,
        "stuck": 0,
        "wrong": 0,
    }
    assert counts(done.stdout)["points"] > 500


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found(plant: str, capsys: pytest.CaptureFixture[str]):
    assert main(["--plant", plant], full=False) == 1
    assert counts(capsys.readouterr().out)[SHOWS[plant]] > 0


@pytest.mark.parametrize(("looked_at", "exit_code"), [(9, 1), (10, 0), (11, 0)])
def test_a_harness_that_stops_looking_does_not_pass_for_one_that_finds_nothing(looked_at: int, exit_code: int):
    assert main([], suites={"all": lambda _run: Result(Counts(looked_at), wanted=10)}) == exit_code
