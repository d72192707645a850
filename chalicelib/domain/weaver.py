"""The weaver record and the transitions between its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from chalicelib.domain import ids, lifetime
from chalicelib.domain.errors import InvalidLifetime, WeaverEnded
from chalicelib.domain.pod_status import PodStatus, WeaverStatus

#: Which status may follow which. ``terminating`` is left only by ending: see :func:`ended`.
TRANSITIONS: Final[Mapping[WeaverStatus, frozenset[WeaverStatus]]] = MappingProxyType(
    {
        "pending": frozenset({"running", "succeeded", "failed", "terminating"}),
        "running": frozenset({"succeeded", "failed", "terminating"}),
        "succeeded": frozenset({"terminating"}),
        "failed": frozenset({"terminating"}),
        "terminating": frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of the weaver container, as Kubernetes quantities."""

    memory_limit: str = "16Gi"
    cpu_limit: str | None = None


#: Through which door an end was decided: a client's, the sweep's, or behind our back in the cluster.
Via = Literal["CLI", "Slack", "web", "CI", "API", "sweep", "cluster"]
#: What a client may call itself.
CLIENTS: Final[frozenset[Via]] = frozenset({"CLI", "Slack", "web", "CI", "API"})


@dataclass(frozen=True, slots=True)
class Ending:
    """Who or what decided that a weaver ends, and when. ``by`` is a user id; None when it was no person."""

    via: Via
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Weaver:
    """What the control plane knows of one weaver. Environment values are not here: they live in the pod only.

    ``pod_uid`` is None until the pod is known to have been made. ``version`` grows with every write: a write is conditional on
    the version it was decided from. ``awaited_at`` is when a sweep last found a terminating weaver's pod still there.
    ``ending`` is set once it must end, ``ended_at`` when its pod is gone; the record is history from then on.
    """

    id: str
    owner_user_id: str
    org_id: str
    image: str
    created_at: datetime
    lifetime_hours: float
    expires_at: datetime
    status: WeaverStatus = "pending"
    reason: str | None = None
    message: str | None = None
    stages: Mapping[str, datetime] = field(default_factory=dict)
    name: str | None = None
    repo: str | None = None
    branch: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = Resources()
    has_session: bool = False
    cluster: str = "default"
    pod_uid: str | None = None
    version: int = 1
    awaited_at: datetime | None = None
    ending: Ending | None = None
    ended_at: datetime | None = None

    @property
    def pod_name(self) -> str:
        return ids.pod_name(self.id)


#: A create that has not made its pod after this long never will: its process died.
CREATE_GRACE: Final = timedelta(seconds=60)
#: A deletion that takes longer is forced: the grace period is 5 s, so the node does not answer or something holds the pod.
FORCE_AFTER: Final = timedelta(minutes=5)
#: The reason of a weaver that ends because its pod could not be made, or was not.
CREATE_FAILED: Final = "CreateFailed"
_NOT_THROUGH: Final = "its create did not come through"


def pod_may_come(weaver: Weaver, now: datetime) -> bool:
    """Whether the weaver's create may still be on its way to the pod: that there is none yet does not mean that none comes."""
    return weaver.pod_uid is None and now < weaver.created_at + CREATE_GRACE


def due_at(weaver: Weaver) -> datetime | None:
    """When the sweep must look at the weaver next; None once it has ended."""
    if weaver.ended_at:
        return None
    if weaver.status == "terminating":
        # At every tick until its pod is gone; behind what waited longer, so that pods that stay do not hold up the rest.
        since = weaver.ending.at if weaver.ending else weaver.created_at
        return max(since, weaver.awaited_at or since)
    if weaver.pod_uid is None:
        return min(weaver.created_at + CREATE_GRACE, weaver.expires_at)
    if weaver.status == "pending":  # at every tick: nobody else may be watching it start
        return min(weaver.awaited_at or weaver.created_at, weaver.expires_at)
    return weaver.expires_at


def pod_made(weaver: Weaver, pod_uid: str) -> Weaver:
    """The record once its pod exists."""
    return replace(weaver, pod_uid=pod_uid, version=weaver.version + 1)


def observed(weaver: Weaver, pod_uid: str, seen: PodStatus, now: datetime) -> Weaver:
    """The record after its pod was seen: the same object when nothing changed or the transition is not allowed."""
    if weaver.ended_at or (seen.status != weaver.status and seen.status not in TRANSITIONS[weaver.status]):
        return weaver
    if weaver.status == "terminating":
        return weaver  # why it ends was decided before and is not the pod's to say
    if seen.status == "terminating":
        reason, message = seen.reason or "PodDeleted", seen.message or "its pod was deleted in the cluster"
        return _terminating(weaver, reason, message, Ending("cluster", now))
    after = replace(
        weaver,
        status=seen.status,
        reason=seen.reason,
        message=seen.message,
        stages={**weaver.stages, **seen.stages},
        pod_uid=pod_uid,  # whoever sees the pod before its maker wrote it down must not take that knowledge away
    )
    return weaver if after == weaver else replace(after, version=weaver.version + 1)


def deleted(weaver: Weaver, by: str, via: Via, now: datetime) -> Weaver:
    """The record once somebody wants it deleted."""
    early = "before its time " if now < weaver.expires_at else ""
    message = f"deleted {early}by {by} via {via} at {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return _terminating(weaver, "Deleted", message, Ending(via, now, by))


def expired(weaver: Weaver, now: datetime) -> Weaver:
    """The record once its lifetime is over."""
    return _terminating(
        weaver, "Expired", f"its lifetime of {lifetime.in_words(weaver.lifetime_hours)} ended", Ending("sweep", now)
    )


def create_failed(weaver: Weaver, via: Via, now: datetime, message: str = _NOT_THROUGH) -> Weaver:
    """The record once it is known that its create did not come through."""
    return _terminating(weaver, CREATE_FAILED, message, Ending(via, now))


def _terminating(weaver: Weaver, reason: str, message: str, ending: Ending) -> Weaver:
    """Unchanged when its end was decided before."""
    if weaver.ended_at or "terminating" not in TRANSITIONS[weaver.status]:
        return weaver
    return replace(
        weaver, status="terminating", reason=reason, message=message, ending=ending, version=weaver.version + 1
    )


def extended(weaver: Weaver, hours: float, now: datetime) -> Weaver:
    """The record with a lifetime of ``hours`` from its creation: the same object when it has that already.

    Raises InvalidLifetime (over the cap, or an end that is not later than ``now``), WeaverEnded.
    """
    check_not_ending(weaver)
    until = lifetime.expires_at(weaver.created_at, lifetime.checked_hours(hours))
    if until <= now:
        age = (now - weaver.created_at).total_seconds() / 3600
        message = f"lifetime_hours counts from the creation, which is {age:.2f} h ago: give more, or delete the weaver"
        raise InvalidLifetime(message, field="lifetime_hours")
    if until == weaver.expires_at:
        return weaver
    return replace(weaver, lifetime_hours=hours, expires_at=until, version=weaver.version + 1)


def check_not_ending(weaver: Weaver) -> None:
    """Raises WeaverEnded, which says why, for one that is ending or has ended."""
    if weaver.ended_at or weaver.status == "terminating":
        told = f": {weaver.message}" if weaver.message else ""
        raise WeaverEnded(f"the weaver is gone{told}", status=weaver.status, reason=weaver.reason)


def awaited(weaver: Weaver, now: datetime) -> Weaver:
    """The record after a sweep that found nothing new: it goes to the back of what is due."""
    return replace(weaver, awaited_at=now, version=weaver.version + 1)


def ended(weaver: Weaver, now: datetime) -> Weaver:
    """The record once its pod is gone: history. A pod that vanished without our doing failed, as did one never made."""
    if weaver.ended_at:
        return weaver
    made = weaver.pod_uid is not None
    ending = weaver.ending or Ending("cluster" if made else "sweep", now)
    gone = replace(weaver, ending=ending, ended_at=now, version=weaver.version + 1)
    if weaver.status in ("succeeded", "failed"):
        return gone
    if weaver.status == "terminating":
        failed = weaver.reason == CREATE_FAILED or ending.via == "cluster"
        return replace(gone, status="failed" if failed else "succeeded")
    return replace(
        gone,
        status="failed",
        reason="PodGone" if made else CREATE_FAILED,
        message="its pod disappeared from the cluster" if made else _NOT_THROUGH,
    )
