"""The WeaverStore of :mod:`chalicelib.services.ports` on DynamoDB."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamodb.table import Item, Table
from chalicelib.adapters.dynamodb.transaction import Cancelled, Operation, RawItem, read, text, transact, translated
from chalicelib.adapters.dynamodb.weaver_items import (
    COUNTERS,
    USAGE,
    ended_key,
    living_key,
    main_key,
    milliseconds,
    org_key,
    owner_key,
    shards,
    to_weaver,
    weaver_items,
)
from chalicelib.domain import ids
from chalicelib.domain.errors import (
    IdempotencyConflict,
    InvalidRequest,
    NameTaken,
    RetryLater,
    TooManyWeavers,
    VersionConflict,
)
from chalicelib.domain.weaver import Weaver
from chalicelib.services.ports import Page, Reservation

#: How long an Idempotency-Key is remembered; the usual span, and longer than anybody retries.
_IDEMPOTENCY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DynamoWeaverStore:
    """One transaction for every write. ``due_page`` is how much of what is due one query of a shard answers."""

    table: Table
    due_page: int = 125

    def reserve(self, reservation: Reservation) -> Weaver:
        weaver = reservation.weaver
        try:
            transact(self.table, self._reservation(reservation))
        except Cancelled as cancelled:
            return self._refused(reservation, cancelled.failed)
        return weaver

    def get(self, weaver_id: str) -> Weaver | None:
        item = read(self.table, *main_key(weaver_id))
        return to_weaver(item) if item else None

    def update(self, weaver: Weaver) -> None:
        self._write(weaver, _puts(self.table.items, weaver))

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        items = self.table.items
        owner, org = owner_key(weaver.owner_user_id), org_key(weaver.org_id)
        operations = _puts(items, weaver, keep_until)
        for name, pk in (("owner", owner), ("org", org)):
            operations.append(Operation(f"{name}-gone", "delete", items(pk, living_key(weaver.id))))
            operations.append(Operation(f"{name}-usage", "update", items(pk, USAGE), None, _counted(-1)))
        if weaver.name:
            lock = items(owner, f"name#{weaver.name}")
            operations.append(Operation("name", "delete", lock))
        self._write(weaver, operations)

    def list_by_owner(self, owner_user_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        return self._page(owner_key(owner_user_id), ended=ended, limit=limit, cursor=cursor)

    def list_by_org(self, org_id: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        return self._page(org_key(org_id), ended=ended, limit=limit, cursor=cursor)

    def due(self, now: datetime) -> Iterator[Weaver]:
        until = Item.due_at <= milliseconds(now)
        found = [self.table.due.query(shard, until, page_size=self.due_page) for shard in shards()]
        with translated():
            for item in merge(*found, key=lambda item: item.due_at):
                yield to_weaver(item)

    def ping(self) -> None:
        read(self.table, "ping", "ping")

    def _reservation(self, reservation: Reservation) -> list[Operation]:
        """Ten items at most: DynamoDB takes a hundred."""
        items, weaver = self.table.items, reservation.weaver
        owner, org = owner_key(weaver.owner_user_id), org_key(weaver.org_id)
        operations = _puts(items, weaver, condition=Item.pk.does_not_exist())
        for name, pk, limit in (("user", owner, reservation.user_limit), ("org", org, reservation.org_limit)):
            below = Item.living < limit
            if limit > 0:  # nobody has counted yet
                below = Item.living.does_not_exist() | below
            actions = [*_counted(1), Item.walk_shard.set(COUNTERS), Item.walk_key.set(pk)]
            operations.append(Operation(name, "update", items(pk, USAGE), below, actions))
        if weaver.name:
            lock = items(owner, f"name#{weaver.name}", weaver_id=weaver.id)
            operations.append(Operation("name", "put", lock, Item.pk.does_not_exist()))
        if reservation.idempotency_key is not None:
            unused = Item.pk.does_not_exist() | (Item.ttl < int(weaver.created_at.timestamp()))
            operations.append(Operation("idempotency", "put", self._idempotency(reservation), unused))
        return operations

    def _idempotency(self, reservation: Reservation) -> Item:
        weaver = reservation.weaver
        return self.table.items(
            owner_key(weaver.owner_user_id),
            f"idempotency#{reservation.idempotency_key}",
            weaver_id=weaver.id,
            request_hash=reservation.request_hash,
            ttl=int((weaver.created_at + _IDEMPOTENCY).timestamp()),
        )

    def _refused(self, reservation: Reservation, failed: Mapping[str, RawItem]) -> Weaver:
        """The weaver that the same key made before, or the reason why there is none."""
        weaver = reservation.weaver
        if "idempotency" in failed:
            return self._made_before(reservation, failed["idempotency"])
        if "name" in failed:
            raise NameTaken(f"you have a weaver named {weaver.name!r} already", name=weaver.name)
        for scope, limit in (("user", reservation.user_limit), ("org", reservation.org_limit)):
            if scope in failed:
                usage = int(text(failed[scope], "living") or limit)
                told = "you have" if scope == "user" else f"org {weaver.org_id!r} has"
                message = f"{told} {usage} weavers and may have {limit}"
                raise TooManyWeavers(message, scope=scope, usage=usage, limit=limit)
        raise RetryLater("the new id is taken; try again")

    def _made_before(self, reservation: Reservation, record: RawItem) -> Weaver:
        if text(record, "request_hash") != reservation.request_hash:
            raise IdempotencyConflict("this Idempotency-Key was used for another request")
        made = self.get(text(record, "weaver_id"))
        if made is None:
            raise IdempotencyConflict("this Idempotency-Key was used for a weaver that is forgotten; use a new key")
        return made

    def _write(self, weaver: Weaver, operations: Sequence[Operation]) -> None:
        try:
            transact(self.table, operations)
        except Cancelled as cancelled:
            raise VersionConflict(weaver.id) from cancelled

    def _page(self, pk: str, *, ended: bool, limit: int, cursor: str | None) -> Page:
        prefix = ended_key("") if ended else living_key("")
        if cursor is not None and not ids.is_full_id(cursor):
            raise InvalidRequest("cursor: is not one that a list answered", field="cursor")
        start = {"pk": {"S": pk}, "sk": {"S": prefix + cursor}} if cursor else None
        with translated():
            query = self.table.items.query(
                pk,
                Item.sk.startswith(prefix),
                consistent_read=True,
                scan_index_forward=False,
                limit=limit,
                page_size=limit,
                last_evaluated_key=start,
            )
            found = list(query)
        last = query.last_evaluated_key
        return Page([to_weaver(item) for item in found], last["sk"]["S"].removeprefix(prefix) if last else None)


def _counted(by: int) -> list[Action]:
    """The version lets a recount see that somebody counted meanwhile."""
    return [Item.living.add(by), Item.version.add(1)]


def _puts(
    items: type[Item], weaver: Weaver, keep_until: datetime | None = None, condition: Condition | None = None
) -> list[Operation]:
    """The record and its copies; the record on ``condition``, which is that it was not changed meanwhile."""
    made = weaver_items(items, weaver, keep_until)
    if condition is None:
        condition = Item.version == weaver.version - 1
    owner, org = made.copies
    return [
        Operation("main", "put", made.main, condition),
        Operation("owner-copy", "put", owner),
        Operation("org-copy", "put", org),
    ]
