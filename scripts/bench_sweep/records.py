"""The records of a population, written into an empty table as if each weaver had been made, in batches and without conditions."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final

from chalicelib.adapters.dynamodb.table import Item, Table
from chalicelib.adapters.dynamodb.weaver_items import COUNTERS, USAGE, org_key, owner_key, weaver_items
from scripts.bench_sweep.population import Population

#: What one BatchWriteItem takes.
_BATCH: Final = 25
_AT_ONCE: Final = 4


def store(table: Table, population: Population) -> None:
    """Makes the table and all its items. Raises RuntimeError when it does not take them all."""
    table.create()
    client, name = table.connection.client, table.items.Meta.table_name
    items = _items(table, population)
    puts = ({"PutRequest": {"Item": item.serialize()}} for item in items)
    batches = iter(lambda: list(islice(puts, _BATCH)), [])

    def write(batch: list[dict[str, Any]]) -> None:
        if client.batch_write_item(RequestItems={name: batch})["UnprocessedItems"]:
            raise RuntimeError("the table does not take the population")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(batches, 100)):  # not all at once, or their text would fill the memory
            list(pool.map(write, some))


def _items(table: Table, population: Population) -> Iterator[Item]:
    living: Counter[str] = Counter()
    for weaver in population.weavers():
        made = weaver_items(table.items, weaver)
        yield from (made.main, *made.copies)
        living.update((owner_key(weaver.owner_user_id), org_key(weaver.org_id)))
    for pk, count in living.items():
        yield table.items(pk, USAGE, living=count, version=count, walk_shard=COUNTERS, walk_key=pk)
