"""Stored records of this code's other versions: for the minute of a deployment, and after a rollback, two work on one table."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def recorded(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from what is stored of it. What a newer version wrote is passed over; what an older one did not has a default."""
    return kind(**{field.name: values[field.name] for field in fields(kind) if field.name in values})  # type: ignore[arg-type]
