"""docs/data-model.md says which requests each access pattern makes: the same ones are counted on the wire."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.sweep_plan import Cursor
from chalicelib.domain.weaver import ended, pod_made
from tests.chalicelib.adapters.conftest import aws_url, fresh_table  # noqa: F401  # fixtures
from tests.chalicelib.samples import ALICE, NOW, reservation, terminating, weaver

PAGE = Path(__file__).parents[2] / "docs" / "data-model.md"
ROW = re.compile(r"^\| (?P<pattern>[^|]+) \| (?P<requests>`[^|]+) \|", re.MULTILINE)
COUNTER = f"owner#{ALICE.user_id}"


def documented() -> dict[str, str]:
    table = PAGE.read_text().partition("## Access patterns")[2].partition("</div>")[0]
    return {row["pattern"]: row["requests"] for row in ROW.finditer(table)}


@pytest.fixture
def requests(fresh_table: Table) -> list[str]:  # noqa: F811
    """What is sent, in the words of the page."""
    sent: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        items = params.get("TransactItems")
        sent.append(f"`{model.name}`" + (f" of {len(items)}" if items else ""))

    fresh_table.connection.client.meta.events.register("provide-client-params.dynamodb.*", note)
    return sent


def test_each_access_pattern_makes_the_requests_that_the_page_says(fresh_table: Table, requests: list[str]):  # noqa: F811
    records, tokens = DynamoWeaverStore(fresh_table), DynamoTokenStore(fresh_table)
    reconciliation = DynamoReconciliationStore(fresh_table)
    new = weaver()
    made = pod_made(new, "uid")
    other = weaver()
    records.reserve(reservation(other))
    lists: dict[str, Any] = {"limit": 10, "cursor": None}
    patterns: dict[str, Callable[[], object]] = {
        "create, reserving": lambda: records.reserve(reservation(new)),
        "create, the pod's uid": lambda: records.update(made),
        "get by id": lambda: records.get(new.id),
        "get by short id, name or prefix": lambda: records.list_by_owner(ALICE.user_id, ended=False, **lists),
        "list an owner's, or an org's, a page": lambda: records.list_by_org("org-alice", ended=False, **lists),
        "list the ended, a page": lambda: records.list_by_owner(ALICE.user_id, ended=True, **lists),
        "what is due, each tick": lambda: list(records.due(NOW + timedelta(days=1))),
        "reconcile, records of a page of pods": lambda: reconciliation.living("default", "", None, 500),
        "reconcile, the names of the next counters": lambda: reconciliation.counters("", 25),
        "reconcile, one counter": lambda: reconciliation.counter(COUNTER),
        "reconcile, repairing a counter": lambda: reconciliation.repair(before),
        "reconcile, moving the cursor": lambda: reconciliation.move_cursor(Cursor(version=1)),
        "a status that changed, an extension": lambda: records.update(pod_made(other, "uid")),
        "delete, deciding it": lambda: records.update(terminating(made)),
        "delete, when the pod is gone": lambda: records.end(ended(terminating(made), NOW), NOW),
        "whose token it is": lambda: tokens.principal("hash"),
    }
    assert set(patterns) == set(documented())
    for pattern, use in patterns.items():
        before = reconciliation.counter(COUNTER)
        requests.clear()
        use()
        assert ", ".join(requests) == documented()[pattern], pattern
