"""The row of a pod: what ``kubectl get pods`` shows of it (``k8s.io/kubernetes/pkg/printers/internalversion``, printPod)."""

from datetime import datetime
from typing import Any, Final

from local.kube.objects import Object
from local.kube.printing.durations import age

NONE: Final = "<none>"
_FINISHED: Final[dict[str, Object]] = {
    "Succeeded": {
        "type": "Completed",
        "status": "True",
        "reason": "Succeeded",
        "message": "The pod has completed successfully.",
    },
    "Failed": {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."},
}


def conditions(pod: Object) -> list[Object]:
    """Of the row, by which kubectl tells finished pods."""
    finished = _FINISHED.get(pod.get("status", {}).get("phase", ""))
    return [finished] if finished else []


def cells(pod: Object, now: datetime) -> list[Any]:
    spec, status = pod["spec"], pod.get("status", {})
    containers = status.get("containerStatuses", [])
    ready = sum(1 for one in containers if one.get("ready") and "running" in one.get("state", {}))
    reason, restarts = _reason(pod), sum(one.get("restartCount", 0) for one in containers)
    return [
        pod["metadata"]["name"],
        f"{ready}/{len(spec.get('containers', ()))}",
        reason,
        str(restarts),
        age(pod["metadata"].get("creationTimestamp"), now),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        NONE,
    ]


def _reason(pod: Object) -> str:
    status, metadata = pod.get("status", {}), pod["metadata"]
    phase: str = status.get("phase", "")
    reason: str = status.get("reason") or phase
    of_init = None if _condition(status, "Initialized") else _init_reason(pod)
    reason = _container_reason(status, reason) if of_init is None else of_init
    if "deletionTimestamp" in metadata:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if phase not in ("Succeeded", "Failed"):
            return "Terminating"
    return reason


def _init_reason(pod: Object) -> str | None:
    """Of the first init container that has not succeeded; None when all have."""
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses", ())):
        state = container.get("state", {})
        if "terminated" in state:
            if state["terminated"].get("exitCode") == 0:
                continue
            return f"Init:{_ended(state['terminated'])}"
        waiting = state.get("waiting", {}).get("reason", "")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{len(pod['spec'].get('initContainers', ()))}"
    return None


def _container_reason(status: Object, reason: str) -> str:
    """The first container's that is not simply running."""
    has_running = False
    for container in reversed(status.get("containerStatuses", ())):
        state = container.get("state", {})
        if waiting := state.get("waiting", {}).get("reason"):
            reason = waiting
        elif "terminated" in state:
            reason = _ended(state["terminated"])
        elif container.get("ready") and "running" in state:
            has_running = True
    if reason == "Completed" and has_running:
        return "Running" if _condition(status, "Ready") else "NotReady"
    return reason


def _ended(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _condition(status: Object, kind: str) -> bool:
    return any(one.get("type") == kind and one.get("status") == "True" for one in status.get("conditions", ()))
