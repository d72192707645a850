"""The ReconciliationStore of :mod:`chalicelib.services.ports` on DynamoDB."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from heapq import merge
from itertools import islice
from typing import Final

from chalicelib.adapters.dynamodb.records import recorded
from chalicelib.adapters.dynamodb.table import Item, Table
from chalicelib.adapters.dynamodb.transaction import Cancelled, Operation, read, transact, translated
from chalicelib.adapters.dynamodb.weaver_items import COUNTERS, USAGE, living_key, to_living, walk_shards
from chalicelib.domain.errors import VersionConflict
from chalicelib.domain.sweep_plan import Counter, Cursor, Living

_CURSOR: Final = ("sweep", "cursor")
#: Sorts behind every id.
_LAST: Final = "~"


@dataclass(frozen=True, slots=True)
class DynamoReconciliationStore:
    """Reads of the index ``walk``, and the two items that the sweep writes for itself."""

    table: Table

    def living(self, cluster: str, after: str, until: str | None, limit: int) -> Sequence[Living]:
        with translated():
            found = [self._walk(shard, after, until, limit) for shard in walk_shards(cluster)]
        in_order = merge(*found, key=lambda item: str(item.walk_key))
        return [to_living(item) for item in islice(in_order, limit)]

    def counters(self, after: str, limit: int) -> Sequence[str]:
        with translated():
            return [item.walk_key for item in self._walk(COUNTERS, after, None, limit)]

    def counter(self, name: str) -> Counter:
        usage = read(self.table, name, USAGE)
        with translated():
            living = self.table.items.count(name, Item.sk.startswith(living_key("")), consistent_read=True)
        if usage is None:
            return Counter(name, counted=0, living=living, version=0)
        if usage.living != living and (now := read(self.table, name, USAGE)) and now.version != usage.version:
            living = int(usage.living)  # counted on while it was recounted: not to be judged now
        return Counter(name, int(usage.living), living, int(usage.version))

    def repair(self, counter: Counter) -> None:
        actions = [Item.living.set(counter.living), Item.version.add(1)]
        self._write(
            Operation(
                "usage", "update", self.table.items(counter.name, USAGE), Item.version == counter.version, actions
            )
        )

    def cursor(self) -> Cursor:
        item = read(self.table, *_CURSOR)
        if item is None:
            return Cursor()
        return replace(recorded(Cursor, json.loads(item.record)), version=int(item.version))

    def move_cursor(self, cursor: Cursor) -> None:
        item = self.table.items(*_CURSOR, record=json.dumps(asdict(cursor)), version=cursor.version)
        unmoved = Item.version == cursor.version - 1 if cursor.version > 1 else Item.pk.does_not_exist()
        self._write(Operation("cursor", "put", item, unmoved))

    def _walk(self, shard: str, after: str, until: str | None, limit: int) -> list[Item]:
        if until is not None and until <= after:
            return []
        # BETWEEN is the one condition with two ends, and has both ends in it: the first is dropped.
        between = Item.walk_key.between(after or " ", until or _LAST)
        found = self.table.walk.query(shard, between, limit=limit + 1, page_size=limit + 1)
        return [item for item in found if item.walk_key > after][:limit]

    def _write(self, operation: Operation) -> None:
        try:
            transact(self.table, [operation])
        except Cancelled as cancelled:
            raise VersionConflict(operation.name) from cancelled
