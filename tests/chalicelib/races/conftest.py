"""The use cases over the real store on DynamoDB Local, whose transactions are isolated, and a fake cluster."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.transaction import read
from chalicelib.adapters.dynamodb.weaver_items import org_key, owner_key
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from tests.chalicelib.fakes import FakeCluster
from tests.chalicelib.races.together import OneAtATime
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World

#: Weavers that Alice may have; her org may have more, so that it is her counter that all creates meet at.
LIMIT = 64


@pytest.fixture
def world(isolated_table: Table) -> World:
    assert isolated_table.connection.client  # made once and now: otherwise each of many threads makes its own
    store: Any = DynamoWeaverStore(isolated_table)
    cluster: Any = OneAtATime(FakeCluster())
    made = World(store=store, cluster=cluster)
    made.launch = replace(made.launch, settings=replace(made.launch.settings, user_limit=LIMIT, org_limit=2 * LIMIT))
    return made


@pytest.fixture
def counted(isolated_table: Table) -> Callable[[], tuple[int, int]]:
    """What the counters of Alice and of her org say."""

    def of(pk: str) -> int:
        counter = read(isolated_table, pk, "usage")
        return int(counter.living) if counter else 0

    return lambda: (of(owner_key(ALICE.user_id)), of(org_key(ALICE.personal_org_id)))
