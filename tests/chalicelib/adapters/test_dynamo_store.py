"""The store on DynamoDB keeps the contract, reads consistently, and writes each change as one request."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import Item, Table, table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.adapters.dynamodb.weaver_items import to_weaver, weaver_items
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.errors import RetryLater
from chalicelib.domain.permissions import Principal
from chalicelib.domain.sweep_plan import Cursor
from chalicelib.domain.weaver import Ending
from tests.chalicelib.adapters.reconciliation_contract import OWNER, ReconciliationContract, Stores
from tests.chalicelib.adapters.store_contract import StoreContract
from tests.chalicelib.samples import ALICE, NOW, reservation, weaver


class TestDynamoWeaverStore(StoreContract):
    @pytest.fixture
    def store(self, fresh_table: Table) -> DynamoWeaverStore:
        return DynamoWeaverStore(fresh_table, due_page=2)


@pytest.mark.needs_dynamodb_local
class TestDynamoWeaverStoreOnDynamoDBLocal(StoreContract):
    """AWS's own: its answers, its transactions, its order of items."""

    @pytest.fixture
    def store(self, isolated_table: Table) -> DynamoWeaverStore:
        return DynamoWeaverStore(isolated_table, due_page=2)


class OnDynamo(ReconciliationContract):
    """Both adapters over one table, whose counter a hand changes."""

    def miscount(self, stores: Stores, name: str, by: int) -> None:
        reconciliation = stores[1]
        assert isinstance(reconciliation, DynamoReconciliationStore)
        table = reconciliation.table
        table.items(name, "usage").update([table.items.living.add(by)])

    def test_a_counter_that_is_counted_on_while_it_is_recounted_is_not_called_wrong(self, stores: Stores):
        records, reconciliation = stores
        assert isinstance(reconciliation, DynamoReconciliationStore)
        records.reserve(reservation())
        events = reconciliation.table.connection.client.meta.events
        another = [reservation()]

        def meanwhile(**_: Any) -> None:
            if another:
                records.reserve(another.pop())

        events.register("before-send.dynamodb.Query", meanwhile)
        seen = reconciliation.counter(OWNER)
        assert not another
        assert seen.counted == seen.living


class TestDynamoReconciliationStore(OnDynamo):
    @pytest.fixture
    def stores(self, fresh_table: Table) -> Stores:
        return DynamoWeaverStore(fresh_table), DynamoReconciliationStore(fresh_table)


@pytest.mark.needs_dynamodb_local
class TestDynamoReconciliationStoreOnDynamoDBLocal(OnDynamo):
    @pytest.fixture
    def stores(self, isolated_table: Table) -> Stores:
        return DynamoWeaverStore(isolated_table), DynamoReconciliationStore(isolated_table)


class TestRequests:
    """Calls are a budget (DESIGN §9): counted on the wire, by botocore's own event."""

    @pytest.fixture
    def store(self, fresh_table: Table) -> DynamoWeaverStore:
        return DynamoWeaverStore(fresh_table)

    @pytest.fixture
    def calls(self, fresh_table: Table) -> list[str]:
        seen: list[str] = []
        events = fresh_table.connection.client.meta.events
        events.register("before-send.*", lambda event_name, **_: seen.append(event_name))
        return seen

    def test_each_use_is_one_request(self, store: DynamoWeaverStore, calls: list[str]):
        made = store.reserve(reservation(weaver(name="api"), idempotency_key="k"))
        store.get(made.id)
        store.list_by_owner(ALICE.user_id, ended=False, limit=10, cursor=None)
        operations = [name.rpartition(".")[2] for name in calls]
        assert operations == ["TransactWriteItems", "GetItem", "Query"]

    def test_an_idle_tick_asks_each_shard_once(self, store: DynamoWeaverStore, calls: list[str]):
        assert list(store.due(NOW)) == []
        assert [name.rpartition(".")[2] for name in calls] == ["Query"] * 4


def test_a_table_that_cannot_be_reached_says_to_try_again(fresh_table: Table):
    nowhere = DynamoWeaverStore(table("weavers", region="us-east-1", endpoint="http://127.0.0.1:9"))
    with pytest.raises(RetryLater):
        nowhere.ping()
    with pytest.raises(RetryLater):
        nowhere.reserve(reservation())


def test_an_idempotency_key_is_forgotten_after_a_day(fresh_table: Table):
    store = DynamoWeaverStore(fresh_table)
    first = store.reserve(reservation(idempotency_key="k", request_hash="a"))
    later = weaver(created_at=NOW + timedelta(days=1, seconds=1))
    assert store.reserve(reservation(later, idempotency_key="k", request_hash="b")) == later != first


def newer(told: object) -> object:
    """What a newer version of this code might have written: a field more in each record, wherever it stands."""
    if not isinstance(told, dict):
        return told
    return {**{name: newer(value) for name, value in told.items()}, "colour": "blue"}


def test_a_field_of_a_newer_version_is_passed_over():
    """While a new version is rolled out, or back, both read the same records."""
    made = replace(weaver(), ending=Ending("CLI", NOW, "alice"))
    item = weaver_items(Item, made).main
    record = json.loads(item.record)
    kept = {name: record[name] for name in ("tags", "stages")}  # not records: people's own words, and names of stages
    item.record = json.dumps({**newer(record), **kept})  # type: ignore[dict-item]
    assert to_weaver(item) == made


def test_a_newer_versions_token_and_cursor_are_read_as_well(fresh_table: Table):
    principal, cursor = Principal("u", "o", {"acme": "org_admin"}, "support"), Cursor(after="x", version=1)
    DynamoTokenStore(fresh_table).add("hash", principal)
    DynamoReconciliationStore(fresh_table).move_cursor(cursor)
    for key in (("token#hash", "token"), ("sweep", "cursor")):
        item = fresh_table.items.get(*key)
        item.update([Item.record.set(json.dumps({**json.loads(item.record), "colour": "blue"}))])
    assert DynamoTokenStore(fresh_table).principal("hash") == principal
    assert DynamoReconciliationStore(fresh_table).cursor() == cursor


def test_a_token_is_found_by_its_hash(fresh_table: Table):
    tokens = DynamoTokenStore(fresh_table)
    principal = Principal("u", "o", {"acme": "org_admin"}, "support")
    tokens.add("hash", principal)
    assert tokens.principal("hash") == principal
    assert tokens.principal("other") is None
