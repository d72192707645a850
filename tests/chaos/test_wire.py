"""Nothing is left behind, and every answer is true or the right error, whatever goes wrong on the wire (DESIGN §10)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.weaver import Weaver
from tests.chaos import FULL
from tests.chaos.counts import Counts
from tests.chaos.wire import found_at, points, run
from tests.chaos.wire_cases import CASES
from tests.chaos.wire_rig import rig
from tests.dynamodb_local import dynamodb_local

pytestmark = pytest.mark.needs_dynamodb_local


@pytest.fixture
def dynamodb_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with dynamodb_local() as url:
        yield url


@pytest.mark.timeout(3600 if FULL else 300)
def test_nothing_is_left_behind_and_no_answer_lies(dynamodb_url: str, tmp_path: Path):
    told: list[str] = []
    counts = run(dynamodb_url, tmp_path, full=FULL, tell=told.append)
    assert counts == Counts(counts.points), "\n".join(told)
    assert counts.points >= (1000 if FULL else 18)


class Forgetful(DynamoWeaverStore):
    """Ends weavers without freeing what they had."""

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        self.update(weaver)


def test_a_store_that_forgets_to_free_the_quota_is_found_out(dynamodb_url: str, tmp_path: Path):
    """The harness would see it."""
    delete = next(case for case in CASES if case.name == "delete")
    with rig(dynamodb_url, tmp_path) as sound:
        point = next(points(sound, [delete]))
        assert not found_at(point, sound)
        planted = found_at(point, replace(sound, store=Forgetful))
    assert {violation.kind for violation in planted} >= {"leak"}
