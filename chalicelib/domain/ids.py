"""Ids and names of weavers, and the one function that resolves what people type."""

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Protocol, TypeVar

from chalicelib.domain.errors import AmbiguousId, NotFound

#: A UUIDv7 begins with the time, so weavers of one minute share their first digits: people see the last eight.
SHORT_ID_LENGTH: Final = 8
_FULL_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Named(Protocol):
    """What can be meant by an id, a short id, a name or a prefix."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str | None: ...


NamedT = TypeVar("NamedT", bound=Named)


def new_weaver_id(now: datetime, randomness: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) of ``now`` in milliseconds and ten bytes of ``randomness``."""
    value = int(now.timestamp() * 1000) << 80 | int.from_bytes(randomness[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def created_at(weaver_id: str) -> datetime:
    """The moment that a UUIDv7 begins with, to the millisecond."""
    return datetime.fromtimestamp((uuid.UUID(weaver_id).int >> 80) / 1000, UTC)


def short_id(weaver_id: str) -> str:
    """The last eight digits: random, unlike the first."""
    return weaver_id[-SHORT_ID_LENGTH:]


def pod_name(weaver_id: str) -> str:
    """The pod's name follows from the id, so that a retry finds the pod it made."""
    return f"weaver-{weaver_id}"


def is_full_id(text: str) -> bool:
    """Whether ``text`` can only be a whole weaver id."""
    return _FULL_ID.fullmatch(text) is not None


def resolve(reference: str, candidates: Iterable[NamedT]) -> NamedT:
    """The one candidate that ``reference`` means: full id, short id, name, or a unique prefix of any of them.

    An exact match wins over prefixes. Raises NotFound, or AmbiguousId with the candidates.
    """
    everyone = list(candidates)
    exact = [one for one in everyone if reference in (one.id, short_id(one.id), one.name)]
    found = exact or [one for one in everyone if reference and _has_prefix(one, reference)]
    if not found:
        raise NotFound(f"no weaver {reference!r}")
    if len(found) > 1:
        told = [{"id": one.id, "short_id": short_id(one.id), "name": one.name} for one in found]
        names = ", ".join(short_id(one.id) + (f" ({one.name})" if one.name else "") for one in found)
        raise AmbiguousId(f"{reference!r} fits several weavers: {names}", candidates=told)
    return found[0]


def _has_prefix(one: Named, prefix: str) -> bool:
    return any(text.startswith(prefix) for text in (one.id, short_id(one.id), one.name or ""))
