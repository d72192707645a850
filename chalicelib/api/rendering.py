"""Weavers and tickets as JSON."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain import ids
from chalicelib.domain.weaver import Ending, Weaver

if TYPE_CHECKING:  # brings pydantic, which most requests do not need
    from chalicelib.services.tickets import Ticket


def rfc3339(moment: datetime) -> str:
    """UTC to the millisecond, e.g. ``2026-11-22T10:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def weaver_body(weaver: Weaver) -> dict[str, Any]:
    """A weaver as the API shows it. Environment values are not in it: they are nowhere but in the pod."""
    return {
        "id": weaver.id,
        "short_id": ids.short_id(weaver.id),
        "name": weaver.name,
        "pod_name": weaver.pod_name,
        "status": weaver.status,
        "reason": weaver.reason,
        "message": weaver.message,
        "stages": {name: rfc3339(moment) for name, moment in weaver.stages.items()},
        "image": weaver.image,
        "repo": weaver.repo,
        "branch": weaver.branch,
        "tags": dict(weaver.tags),
        "owner_user_id": weaver.owner_user_id,
        "org_id": weaver.org_id,
        "cluster": weaver.cluster,
        "created_at": rfc3339(weaver.created_at),
        "expires_at": rfc3339(weaver.expires_at),
        "ending": _ending_body(weaver.ending) if weaver.ending else None,
        "ended_at": rfc3339(weaver.ended_at) if weaver.ended_at else None,
        "lifetime_hours": weaver.lifetime_hours,
        "resources": {"memory_limit": weaver.resources.memory_limit, "cpu_limit": weaver.resources.cpu_limit},
        "has_session": weaver.has_session,
    }


def _ending_body(ending: Ending) -> dict[str, Any]:
    return {"by": ending.by, "via": ending.via, "at": rfc3339(ending.at)}


def ticket_body(ticket: "Ticket") -> dict[str, Any]:
    """Where to connect and with what."""
    return {"url": ticket.url, "ticket": ticket.ticket, "expires_at": rfc3339(ticket.expires_at)}
