"""The truth table is whole, tested, and the one that the README shows."""

import importlib

import pytest

from tests.local.kube.truth.table import (
    FOLDERS,
    README,
    Verdict,
    counts,
    module,
    readme_with_table,
    recorded_scenarios,
    rows,
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_recorded_scenario_has_a_row(folder: str):
    assert set(rows(folder)) == recorded_scenarios(folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_said_to_be_answered_was_tried(folder: str):
    """``SCENARIOS`` of the folder's tests: those that agree or deviate, and no others."""
    tried = importlib.import_module(f"tests.local.kube.truth.test_{module(folder)}").SCENARIOS
    assert set(tried) == {name for name, row in rows(folder).items() if row.verdict is not Verdict.REFUSE}


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_does_not_agree_says_why(folder: str):
    assert [name for name, row in rows(folder).items() if (row.verdict is Verdict.AGREE) is bool(row.why)] == []


def test_the_readme_shows_it(capsys: pytest.CaptureFixture[str]):
    with capsys.disabled():
        print(f"\nagainst Kubernetes 1.36: {counts(row for folder in FOLDERS for row in rows(folder).values())}")
    text = README.read_text()
    assert readme_with_table(text) == text, "run: python -m tests.local.kube.truth"
