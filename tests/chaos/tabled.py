"""Worlds whose records are in DynamoDB Local, each in a table of its own; their clusters are fakes."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.weaver_items import USAGE
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from tests.chalicelib.services.world import World


@dataclass
class TableStore:
    """Both stores over one table, as FakeStore is both."""

    weavers: DynamoWeaverStore
    reconciliation: DynamoReconciliationStore = field(init=False)

    def __post_init__(self) -> None:
        self.reconciliation = DynamoReconciliationStore(self.weavers.table)

    def __getattr__(self, method: str) -> Any:
        of = self.weavers if hasattr(self.weavers, method) else self.reconciliation
        return getattr(of, method)

    @property
    def miscounts(self) -> Mapping[str, int]:
        """By how much counters are made wrong."""
        return {}

    @miscounts.setter
    def miscounts(self, by: Mapping[str, int]) -> None:
        items = self.weavers.table.items
        for name, off in by.items():
            items(name, USAGE).update([items.living.add(off)])


def tabled(dynamodb_url: str, kind: Callable[..., DynamoWeaverStore] = DynamoWeaverStore) -> Callable[..., World]:
    """Makes worlds whose store is of ``kind``."""

    def world(**parts: Any) -> World:
        made = table(f"weavers-{uuid.uuid4()}", region="us-east-1", endpoint=dynamodb_url)
        made.create()
        store: Any = TableStore(kind(made))
        return World(store=store, **parts)

    return world
