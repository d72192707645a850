"""Valid values to start a test from: say only what the test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.domain import ids, lifetime
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import Weaver, deleted, pod_made
from chalicelib.services.ports import Reservation

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

ALICE = Principal("user-alice", "org-alice")
BOB = Principal("user-bob", "org-bob")

_numbers = count(1)


def weaver(**changes: Any) -> Weaver:
    """A weaver that Alice has just reserved: pending, version 1, its pod not made yet. Each has another id."""
    created_at = changes.get("created_at", NOW)
    hours = changes.get("lifetime_hours", 4.0)
    values: dict[str, Any] = {
        "id": ids.new_weaver_id(created_at, next(_numbers).to_bytes(10, "big")),
        "owner_user_id": ALICE.user_id,
        "org_id": ALICE.personal_org_id,
        "image": "registry.example/tools:1",
        "created_at": created_at,
        "lifetime_hours": hours,
        "expires_at": lifetime.expires_at(created_at, hours),
        "stages": {"reserved": created_at},
    }
    return Weaver(**(values | changes))


def running(made: Weaver) -> Weaver:
    """``made`` one version later, its pod made and running."""
    return replace(pod_made(made, "uid"), status="running")


def terminating(living: Weaver) -> Weaver:
    """``living`` one version later, as Alice deletes it right after its creation."""
    return deleted(living, ALICE.user_id, "CLI", living.created_at)


def reservation(made: Weaver | None = None, **changes: Any) -> Reservation:
    """A reservation of ``made`` under limits that are far away. DynamoDB Local is of a time that had no empty strings."""
    values: dict[str, Any] = {"weaver": made or weaver(), "user_limit": 100, "org_limit": 100, "request_hash": "hash"}
    return Reservation(**(values | changes))
