"""The weaver record and the transitions between its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Weaver:
    """What the control plane knows of one weaver. Environment values are not here: they live in the pod only.

    ``pod_uid`` is None until the pod is known to have been made. ``version`` grows with every write: a write is conditional on
    the version it was decided from. ``awaited_at`` is when a sweep last found a terminating weaver's pod still there.
    ``ended_at`` is set when the pod is gone; the record is history from then on.
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
    ended_at: datetime | None = None

    @property
    def pod_name(self) -> str:
        return ids.pod_name(self.id)


#: A create that has not made its pod after this long never will: its process died.
CREATE_GRACE: Final = timedelta(seconds=60)
#: The reason of a weaver that ends because its pod could not be made, or was not.
CREATE_FAILED: Final = "CreateFailed"


def pod_may_come(weaver: Weaver, now: datetime) -> bool:
    """Whether the weaver's create may still be on its way to the pod: that there is none yet does not mean that none comes."""
    return weaver.pod_uid is None and now < weaver.created_at + CREATE_GRACE


def due_at(weaver: Weaver) -> datetime | None:
    """When the sweep must look at the weaver next; None once it has ended."""
    if weaver.ended_at:
        return None
    if weaver.status == "terminating":
        # At every tick until its pod is gone; behind what waited longer, so that pods that stay do not hold up the rest.
        return weaver.awaited_at or weaver.created_at
    if weaver.pod_uid is None:
        return min(weaver.created_at + CREATE_GRACE, weaver.expires_at)
    if weaver.status == "pending":  # at every tick: nobody else may be watching it start
        return min(weaver.awaited_at or weaver.created_at, weaver.expires_at)
    return weaver.expires_at


def pod_made(weaver: Weaver, pod_uid: str) -> Weaver:
    """The record once its pod exists."""
    return replace(weaver, pod_uid=pod_uid, version=weaver.version + 1)


def observed(weaver: Weaver, pod_uid: str, seen: PodStatus) -> Weaver:
    """The record after its pod was seen: the same object when nothing changed or the transition is not allowed."""
    if weaver.ended_at or (seen.status != weaver.status and seen.status not in TRANSITIONS[weaver.status]):
        return weaver
    if weaver.status == "terminating":
        return weaver  # why it ends was decided by us and is not the pod's to say
    after = replace(
        weaver,
        status=seen.status,
        reason=seen.reason,
        message=seen.message,
        stages={**weaver.stages, **seen.stages},
        pod_uid=pod_uid,  # whoever sees the pod before its maker wrote it down must not take that knowledge away
    )
    return weaver if after == weaver else replace(after, version=weaver.version + 1)


def terminating(weaver: Weaver, reason: str, message: str) -> Weaver:
    """The record once somebody or the sweep decided that it must end. Unchanged when that was decided before."""
    if weaver.ended_at or "terminating" not in TRANSITIONS[weaver.status]:
        return weaver
    return replace(weaver, status="terminating", reason=reason, message=message, version=weaver.version + 1)


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
    if weaver.status == "terminating":
        status: WeaverStatus = "failed" if weaver.reason == CREATE_FAILED else "succeeded"
        return replace(weaver, status=status, ended_at=now, version=weaver.version + 1)
    if weaver.status in ("succeeded", "failed"):
        return replace(weaver, ended_at=now, version=weaver.version + 1)
    made = weaver.pod_uid is not None
    return replace(
        weaver,
        status="failed",
        reason="PodGone" if made else CREATE_FAILED,
        message="its pod disappeared from the cluster" if made else "its create did not come through",
        ended_at=now,
        version=weaver.version + 1,
    )
