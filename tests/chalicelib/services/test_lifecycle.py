"""Any order of requests, sweeps, deaths, failures and happenings leaves everything as DESIGN §10 promises."""

from pathlib import Path

import pytest

from tests.chalicelib.services.world import World
from tests.chaos.machine import Lifecycle
from tests.chaos.real import RealLifecycle, servers
from tests.chaos.suites import Run, sequences


def told(machine: type[Lifecycle], examples: int, steps: int) -> list[str]:
    """What ``examples`` sequences find, always the same ones."""
    found: list[str] = []
    result = sequences(Run(full=False, worlds=World, planted=False, tell=found.append), machine, examples, steps)
    assert result.counts.points >= examples
    return found


def test_over_fakes():
    assert told(Lifecycle, examples=100, steps=30) == []


@pytest.mark.needs_dynamodb_local
def test_over_dynamodb_local_and_the_pod_api_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with servers(tmp_path) as running:
        assert told(type("Real", (RealLifecycle,), {"servers": running}), examples=3, steps=12) == []
