"""A weaver as items of the table, and back."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from chalicelib.adapters.dynamodb.records import recorded
from chalicelib.adapters.dynamodb.table import SHARDS, Item
from chalicelib.domain.cluster_settings import DEFAULT
from chalicelib.domain.sweep_plan import Living
from chalicelib.domain.weaver import Ending, Resources, Weaver, due_at

#: The fields of a record that are moments, beside the stages: RFC 3339 in the item.
_MOMENTS: Final = ("created_at", "expires_at", "awaited_at", "ended_at")

#: The sort key of a counter, and the partition of the ``walk`` index that has all counters: written once for each.
USAGE: Final = "usage"
COUNTERS: Final = "counters"


def owner_key(user_id: str) -> str:
    return f"owner#{user_id}"


def org_key(org_id: str) -> str:
    return f"org#{org_id}"


def main_key(weaver_id: str) -> tuple[str, str]:
    """Partition and sort key of the record itself."""
    return f"weaver#{weaver_id}", "weaver"


def living_key(weaver_id: str) -> str:
    return f"weaver#{weaver_id}"


def ended_key(weaver_id: str) -> str:
    return f"ended#{weaver_id}"


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def to_weaver(item: Item) -> Weaver:
    """The weaver that an item, main or copy, holds. Fields that a newer version of this code wrote are passed over."""
    values = json.loads(item.record)
    for name in _MOMENTS:
        values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
    values["stages"] = {stage: datetime.fromisoformat(moment) for stage, moment in values["stages"].items()}
    values["resources"] = recorded(Resources, values["resources"])
    if ending := values.get("ending"):
        values["ending"] = recorded(Ending, {**ending, "at": datetime.fromisoformat(ending["at"])})
    return recorded(Weaver, values)


@dataclass(frozen=True, slots=True)
class WeaverItems:
    """The items that hold one weaver at one version: the record, and the owner's and the org's copies."""

    main: Item
    copies: tuple[Item, Item]


def weaver_items(items: type[Item], weaver: Weaver, keep_until: datetime | None = None) -> WeaverItems:
    """``keep_until``, set once the weaver has ended, is when the history may be forgotten."""
    # Compact: most weavers then fit into the 1 KiB that one write unit pays for.
    told = {name: value for name, value in asdict(weaver).items() if value is not None}
    record = json.dumps(told, default=datetime.isoformat, separators=(",", ":"), ensure_ascii=False)
    ttl = int(keep_until.timestamp()) if keep_until else None
    due = due_at(weaver)
    pk, sk = main_key(weaver.id)
    main = items(
        pk,
        sk,
        record=record,
        version=weaver.version,
        ttl=ttl,
        shard=_shard(weaver.id) if due else None,
        due_at=milliseconds(due) if due else None,
        walk_shard=None if weaver.ended_at else walk_shards(weaver.cluster)[_number(weaver.id)],
        walk_key=None if weaver.ended_at else weaver.id,
        status=weaver.status,
    )
    copy_sk = ended_key(weaver.id) if weaver.ended_at else living_key(weaver.id)
    owner, org = (
        items(pk, copy_sk, record=record, version=weaver.version, ttl=ttl)
        for pk in (owner_key(weaver.owner_user_id), org_key(weaver.org_id))
    )
    return WeaverItems(main, (owner, org))


def shards() -> list[str]:
    """Every partition of the ``due`` index."""
    return [f"due#{number}" for number in range(SHARDS)]


def walk_shards(cluster: str) -> list[str]:
    """Every partition of the ``walk`` index that has weavers of that cluster; the default one's are named as when it was the only one."""
    prefix = "weavers" if cluster == DEFAULT else f"weavers#{cluster}"
    return [f"{prefix}#{number}" for number in range(SHARDS)]


def to_living(item: Item) -> Living:
    """What an item of the ``walk`` index says."""
    return Living(item.walk_key, item.status)  # type: ignore[arg-type]  # written from a Weaver's


def _shard(weaver_id: str) -> str:
    return shards()[_number(weaver_id)]


def _number(weaver_id: str) -> int:
    return int(weaver_id[-4:], 16) % SHARDS
