"""Whether the node can hold a pod: by what the pod asks for alone. The laptop's node takes more pods than a cluster's would."""

from fractions import Fraction
from typing import Final

from local.kube.objects import Object, seconds, utc_now
from local.kube.quantity import parse_quantity

_RESOURCES: Final = ("cpu", "memory")


def unschedulable(pod: Object, node: Object) -> str | None:
    """Why the scheduler leaves ``pod`` without a node, in its words (recorded in ``pods/unschedulable-cpu.json``)."""
    holds = node["status"]["allocatable"]
    lacking = [name for name in _RESOURCES if name in holds and _asked(pod, name) > parse_quantity(holds[name])]
    if not lacking:
        return None
    why = ", ".join(f"1 Insufficient {name}" for name in lacking)
    preemption = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    return f"0/1 nodes are available: {why}. no new claims to deallocate, {preemption}"


def scheduled_condition() -> Object:
    """As the scheduler writes it, before the kubelet adds its own."""
    return {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": seconds(utc_now())}


def unschedulable_condition(pod: Object, why: str) -> Object:
    said = {"type": "PodScheduled", "observedGeneration": pod["metadata"].get("generation", 1), "status": "False"}
    said |= {"lastProbeTime": None, "lastTransitionTime": seconds(utc_now())}
    return said | {"reason": "Unschedulable", "message": why}


def _asked(pod: Object, resource: str) -> Fraction:
    """The containers run together, the init containers one by one before them."""
    spec = pod["spec"]
    together = sum((_request(container, resource) for container in spec["containers"]), Fraction(0))
    return max([together, *(_request(container, resource) for container in spec.get("initContainers", ()))])


def _request(container: Object, resource: str) -> Fraction:
    return Fraction(parse_quantity(container.get("resources", {}).get("requests", {}).get(resource, "0")))
