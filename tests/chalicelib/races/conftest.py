"""The use cases over the real store on DynamoDB Local, whose transactions are isolated, and a fake cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.transaction import read
from chalicelib.adapters.dynamodb.weaver_items import org_key, owner_key
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.weaver import Weaver
from tests.chalicelib.races.together import AtomicCluster
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World

#: Weavers that Alice may have; her org may have more, so that it is her counter that all creates meet at.
LIMIT = 64
SWEEP_THREADS = 8


class ReadAtOnce(DynamoWeaverStore):
    """What is due is read before the call returns, so that others can be met when a sweep has just read it."""

    def due(self, now: datetime) -> Iterator[Weaver]:
        return iter(list(super().due(now)))


@pytest.fixture
def world(isolated_table: Table) -> Iterator[World]:
    """A sweep carries its steps out in threads, as the deployed one does."""
    store: Any = ReadAtOnce(isolated_table)
    made = World(store=store, cluster=AtomicCluster())
    made.launch = replace(made.launch, settings=replace(made.launch.settings, user_limit=LIMIT, org_limit=2 * LIMIT))
    reconcile = replace(made.sweep.reconcile, store=DynamoReconciliationStore(isolated_table))
    with ThreadPoolExecutor(SWEEP_THREADS) as pool:
        made.sweep = replace(made.sweep, reconcile=reconcile, spread=pool.map)
        yield made


@pytest.fixture
def counted(isolated_table: Table) -> Callable[[], tuple[int, int]]:
    """What the counters of Alice and of her org say."""

    def of(pk: str) -> int:
        counter = read(isolated_table, pk, "usage")
        return int(counter.living) if counter else 0

    return lambda: (of(owner_key(ALICE.user_id)), of(org_key(ALICE.personal_org_id)))
