"""From a pod and its events to what people are told: status, reason, message, stages. One function for API, relay and CLI.

Pods and events are plain dicts as Kubernetes' API returns them. Source of the rules: the recorded answers of Kubernetes 1.36
under ``tests/recordings/kubernetes/pods``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Pod = Mapping[str, Any]
Event = Mapping[str, Any]

WeaverStatus = Literal["pending", "running", "succeeded", "failed", "terminating"]
STAGES: Final = ("reserved", "scheduled", "pulled", "cloned", "ready")

WEAVER_CONTAINER: Final = "weaver"
CLONE_CONTAINER: Final = "clone"
#: First word of the clone container's termination message when git failed; the container itself always exits 0.
CLONE_FAILED: Final = "clone-failed"

#: Waiting reasons that no waiting can mend: the pod stays Pending for ever.
_HOPELESS: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
#: Waiting reasons that belong to every start; any other is trouble.
ROUTINE: Final = frozenset({"Scheduling", "ContainerCreating", "PodInitializing", "Pulling", "Cloning"})
#: Waiting reasons that say nothing by themselves: the events tell what really goes on.
_VAGUE: Final = frozenset({"ContainerCreating", "PodInitializing"})
#: Ended without having run: ``startedAt`` is the epoch or null.
_NEVER_STARTED: Final = frozenset({"StartError", "ContainerStatusUnknown"})
_MESSAGE_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class PodStatus:
    """What a pod says about its weaver.

    ``reason`` is CamelCase as Kubernetes writes it, ``message`` one line for people; both None when there is nothing to
    explain. ``stages`` has the steps already reached (a subset of STAGES, without ``reserved``). ``exit_code`` is the main
    container's, once it ended.
    """

    status: WeaverStatus
    reason: str | None = None
    message: str | None = None
    stages: Mapping[str, datetime] = field(default_factory=dict)
    exit_code: int | None = None


def pod_status(pod: Pod, events: Iterable[Event] = ()) -> PodStatus:
    """How the weaver of ``pod`` is, and why. ``events`` are the pod's own, in any order."""
    ordered = sorted(events, key=event_time)
    status, reason, message = _explain(pod, ordered)
    ended = _state(_container(pod, WEAVER_CONTAINER), "terminated")
    return PodStatus(
        status=status,
        reason=reason,
        message=one_line(message),
        stages=_stages(pod, ordered),
        exit_code=ended.get("exitCode") if ended else None,
    )


def event_time(event: Event) -> str:
    """When an event last happened, RFC 3339. Scheduler and kubelet fill in different fields: the first that is set."""
    return _first_set(event, ("lastTimestamp", "eventTime", "firstTimestamp"))


_Explanation = tuple[WeaverStatus, str | None, str | None]


def _explain(pod: Pod, events: Sequence[Event]) -> _Explanation:
    if pod["metadata"].get("deletionTimestamp"):
        disruption = _condition(pod, "DisruptionTarget")
        return "terminating", disruption.get("reason"), disruption.get("message")
    phase = pod.get("status", {}).get("phase", "Pending")
    if phase in ("Succeeded", "Failed"):
        return _explain_ended(pod, "succeeded" if phase == "Succeeded" else "failed")
    container = _container(pod, WEAVER_CONTAINER)
    if _state(container, "running") is not None:
        return _explain_running(pod, container, events)
    return _explain_waiting(pod, events)


def _explain_ended(pod: Pod, status: WeaverStatus) -> _Explanation:
    if reason := pod["status"].get("reason"):
        return status, reason, pod["status"].get("message")
    for init in pod["status"].get("initContainerStatuses", ()):
        ended = _state(init, "terminated")
        if ended and ended["exitCode"] != 0:
            why = _last_line(ended.get("message")) or ended.get("reason", "")
            return status, "InitContainerFailed", f"{init['name']} exited with code {ended['exitCode']}: {why}"
    ended = _state(_container(pod, WEAVER_CONTAINER), "terminated") or {}
    code = ended.get("exitCode")
    match ended.get("reason"):
        case "Completed":
            hint = "an image needs a main process that keeps running"
            return status, "Completed", f"the main process ended with exit code 0; {hint}"
        case "OOMKilled":
            return status, "OOMKilled", f"the memory limit was exceeded (exit code {code})"
        case "StartError" | "ContainerStatusUnknown" as reason:
            return status, reason, ended.get("message")
        case reason:
            told = _last_line(ended.get("message"))
            return status, reason, f"the main process ended with exit code {code}" + (f": {told}" if told else "")


def _explain_running(pod: Pod, container: Mapping[str, Any], events: Sequence[Event]) -> _Explanation:
    has_probe = any("readinessProbe" in spec for spec in pod["spec"]["containers"])
    if not container.get("ready") and has_probe:
        return "running", "NotReady", _last_warning(events, "Unhealthy")
    if _condition(pod, "Ready").get("status") == "False":
        return "running", "NodeNotReady", "the weaver's node does not answer"
    clone = _state(_container(pod, CLONE_CONTAINER), "terminated") or {}
    if (told := clone.get("message") or "").startswith(CLONE_FAILED):
        return "running", "CloneFailed", _last_line(told)
    return "running", None, None


def _explain_waiting(pod: Pod, events: Sequence[Event]) -> _Explanation:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") != "True":
        return "pending", scheduled.get("reason") or "Scheduling", scheduled.get("message") or "waiting for a node"
    for container in _all_containers(pod):
        waiting = _state(container, "waiting")
        if waiting and waiting.get("reason") not in (*_VAGUE, None):
            hopeless = waiting["reason"] in _HOPELESS
            return "failed" if hopeless else "pending", waiting["reason"], waiting.get("message")
    ended = _state(_container(pod, WEAVER_CONTAINER), "terminated")
    if ended:  # between two runs of a crash loop, or before the phase follows
        return "pending", ended.get("reason"), f"the main process ended with exit code {ended.get('exitCode')}"
    for container in _all_containers(pod):
        if _state(container, "running") is not None:
            reason = "Cloning" if container["name"] == CLONE_CONTAINER else "PodInitializing"
            return "pending", reason, f"{container['name']} is running"
    return _explain_by_event(events)


def _explain_by_event(events: Sequence[Event]) -> _Explanation:
    """While containers are being created, volume, sandbox and pull troubles stand only in the events."""
    for event in reversed(events):
        reason = event.get("reason") or ""
        if event.get("type") == "Warning" and reason.startswith("Failed"):
            return "pending", reason, event.get("message")
        if reason == "Pulling":
            return "pending", reason, event.get("message")
        if reason in ("Scheduled", "Pulled", "Created", "Started"):
            break  # what was in the way before that is overcome
    return "pending", "ContainerCreating", "the containers are being created"


def _stages(pod: Pod, events: Sequence[Event]) -> dict[str, datetime]:
    stages: dict[str, datetime] = {}
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "True" and scheduled.get("lastTransitionTime"):
        stages["scheduled"] = _time(scheduled["lastTransitionTime"])
    fields = ("firstTimestamp", "eventTime", "lastTimestamp")  # a repeated event moves its last one
    pulled = [_first_set(event, fields) for event in events if event.get("reason") == "Pulled"]
    if any(pulled):
        stages["pulled"] = _time(min(filter(None, pulled)))
    clone = _state(_container(pod, CLONE_CONTAINER), "terminated") or {}
    failed = clone.get("exitCode") != 0 or (clone.get("message") or "").startswith(CLONE_FAILED)
    if clone.get("finishedAt") and not failed:
        stages["cloned"] = _time(clone["finishedAt"])
    container = _container(pod, WEAVER_CONTAINER)
    running = _state(container, "running") or _state(container, "terminated") or {}
    if running.get("startedAt") and running.get("reason") not in _NEVER_STARTED:
        stages["ready"] = _time(running["startedAt"])
    return stages


def _condition(pod: Pod, kind: str) -> Mapping[str, Any]:
    conditions = pod.get("status", {}).get("conditions") or ()
    return next((condition for condition in conditions if condition["type"] == kind), {})


def _all_containers(pod: Pod) -> list[Mapping[str, Any]]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _container(pod: Pod, name: str) -> Mapping[str, Any]:
    return next((container for container in _all_containers(pod) if container["name"] == name), {})


def _state(container: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    state: Mapping[str, Any] | None = (container.get("state") or {}).get(kind)
    return state


def _first_set(event: Event, fields: Sequence[str]) -> str:
    moments = (str(event[name]) for name in fields if event.get(name))
    return next(moments, event["metadata"].get("creationTimestamp") or "")


def _last_warning(events: Sequence[Event], reason: str) -> str | None:
    return next((event.get("message") for event in reversed(events) if event.get("reason") == reason), None)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _last_line(text: str | None) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1].strip() if lines else ""


def one_line(text: str | None) -> str | None:
    """``text`` for people's terminals: what runs in the pod wrote some of it, so nothing in it may steer a terminal."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text or "").split())
    if not line:
        return None
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"
