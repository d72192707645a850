"""Kubernetes objects as plain JSON values, and the times in them."""

import json
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

Object: TypeAlias = dict[str, Any]

#: Kubernetes shows a start that never happened as the epoch.
EPOCH: Final = "1970-01-01T00:00:00Z"


def utc_now() -> datetime:
    """The one clock of this server."""
    return datetime.now(UTC)


def seconds(moment: datetime) -> str:
    """RFC 3339 in seconds, as metav1.Time is written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def microseconds(moment: datetime) -> str:
    """RFC 3339 in microseconds, as metav1.MicroTime is written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The moment that an RFC 3339 text names. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment


def dumps(value: Any) -> bytes:
    """JSON as the API server writes it: compact, one newline at the end. What is no Unicode (lone surrogates) becomes ``?``."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace") + b"\n"
