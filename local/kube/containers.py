"""Which container of a pod a request is about, and how it is."""

from collections.abc import Mapping
from typing import Any

from local.kube import status
from local.kube.objects import Object


def named_container(pod: Object, name: str) -> str:
    """``name``, or the only container's when empty. Raises ApiError 400, not 404 (recorded)."""
    containers = [container["name"] for container in pod["spec"]["containers"]]
    init = [container["name"] for container in pod["spec"].get("initContainers", ())]
    pod_name = pod["metadata"]["name"]
    if not name:
        if len(containers) == 1:
            return str(containers[0])
        choice = f"choose one of: [{' '.join(containers)}]"
        if init:
            choice += f" or one of the init containers: [{' '.join(init)}]"
        raise status.bad_request(f"a container name must be specified for pod {pod_name}, {choice}")
    if name not in (*containers, *init):
        raise status.bad_request(f"container {name} is not valid for pod {pod_name}")
    return name


def is_scheduled(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def container_state(pod: Object, name: str) -> Mapping[str, Any]:
    """``waiting``, ``running`` or ``terminated`` with its details; empty when the node has not looked at it yet."""
    found = pod["status"]
    for container in (*found.get("initContainerStatuses", ()), *found.get("containerStatuses", ())):
        if container["name"] == name:
            state: Mapping[str, Any] = container.get("state", {})
            return state
    return {}
