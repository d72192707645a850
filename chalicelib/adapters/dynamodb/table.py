"""The one table and its layout. PynamoDB keeps a table's settings on the class, so classes are made here and nowhere else.

===================  ====================  =====================================================================
pk                   sk                    what
===================  ====================  =====================================================================
``weaver#<id>``      ``weaver``            the record; until it has ended also in the indexes ``due`` and ``walk``
``owner#<user>``     ``weaver#<id>``       a copy while it lives, so that lists are consistent queries
``owner#<user>``     ``ended#<id>``        a copy once it has ended
``owner#<user>``     ``name#<name>``       the name lock of a living weaver
``owner#<user>``     ``usage``             how many weavers live (``living``); in the index ``walk``
``owner#<user>``     ``idempotency#<key>`` which weaver a create made, and a hash of its request; kept for a day
``org#<org>``        (as for the owner)    copies and usage
``token#<sha256>``   ``token``             whose bearer token it is
``sweep``            ``cursor``            how far the reconciliation has come
===================  ====================  =====================================================================

Ids are UUIDv7, so the order of ``weaver#<id>`` is the order of creation. ``ttl`` is DynamoDB's own expiry, in seconds since
the epoch. The index ``due`` has ``shard`` and ``due_at`` (milliseconds since the epoch); the sweep asks each shard once.
The index ``walk`` has ``walk_shard`` and ``walk_key``: living weavers by id in as many shards, and the counters by name in one.
"""

from dataclasses import dataclass
from typing import Any, Final

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from chalicelib.adapters.dynamodb.connection import PATIENCE, Patience, PatientConnection

#: Partitions of the ``due`` index: one takes 1,000 writes a second, which is more than an hour of creates in a tick.
SHARDS: Final = 4
#: Connections kept open: as many as a sweep has steps under way.
_POOL_SIZE: Final = 32


class Item(Model):
    """One item of the table, of any kind: attributes that a kind does not have are absent."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    record = UnicodeAttribute(null=True)
    weaver_id = UnicodeAttribute(null=True)
    request_hash = UnicodeAttribute(null=True)
    living = NumberAttribute(null=True)
    shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    walk_shard = UnicodeAttribute(null=True)
    walk_key = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    ttl = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Table:
    """The classes bound to one real table."""

    items: type[Item]
    due: Any  # an Index: a GlobalSecondaryIndex of `items`
    walk: Any
    connection: Connection

    def create(self) -> None:
        """Makes the table and waits for it: for the laptop edition and tests; AWS gets it from the stack."""
        if not self.items.exists():
            self.items.create_table(wait=True, billing_mode="PAY_PER_REQUEST")


def table(name: str, *, region: str, endpoint: str | None = None, patience: Patience = PATIENCE) -> Table:
    """The table ``name``. Nothing is sent to AWS before the first use."""

    class Meta:
        table_name = name

    class DueIndex(GlobalSecondaryIndex[Item]):  # type: ignore[no-untyped-call]  # PynamoDB is not typed here
        shard = UnicodeAttribute(hash_key=True)
        due_at = NumberAttribute(range_key=True)

        class Meta:
            index_name = "due"
            projection = AllProjection()

    class WalkIndex(GlobalSecondaryIndex[Item]):  # type: ignore[no-untyped-call]
        walk_shard = UnicodeAttribute(hash_key=True)
        walk_key = UnicodeAttribute(range_key=True)

        class Meta:
            index_name = "walk"
            projection = IncludeProjection(["status"])

    items: type[Item] = type("BoundItem", (Item,), {"Meta": Meta, "due": DueIndex(), "walk": WalkIndex()})
    connection = PatientConnection(region, endpoint, patience, _POOL_SIZE)
    of_items = items._get_connection()  # noqa: SLF001  # PynamoDB makes one of its own and takes none
    connection.add_meta_table(of_items.get_meta_table())
    of_items.connection = connection
    return Table(items, items.due, items.walk, connection)  # type: ignore[attr-defined]
