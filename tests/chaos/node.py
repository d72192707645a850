"""What happens to pods by itself, or by hands that are not ours, in a fake cluster."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.chalicelib.fakes import FakeCluster
from tests.chalicelib.services.world import RUNNING

#: What may happen to a pod. *node lost*: it stays in its deletion until that is forced. *finalizer*: until it is released.
Happening = Literal["runs", "succeeds", "fails", "is evicted", "is deleted", "vanishes", "node lost", "finalizer"]


@dataclass
class HeldCluster(FakeCluster):
    """A FakeCluster whose pods may not want to go."""

    lost: set[str] = field(default_factory=set)
    finalizers: set[str] = field(default_factory=set)

    def settle(self) -> None:
        held = {name: self.pods[name] for name in self.lost | self.finalizers if name in self.pods}
        super().settle()
        self.pods |= held

    def _delete(self, name: str, uid: str | None, force: bool) -> bool:
        return super()._delete(name, uid, force and name not in self.finalizers)


@dataclass
class FakeNode:
    """Lets things happen to the pods of a HeldCluster."""

    cluster: HeldCluster

    def happen(self, what: Happening, name: str) -> None:
        """``what`` happens to the pod ``name``, if it is there and it can."""
        if name not in self.cluster.pods:
            return
        match what:
            case "is deleted":
                self.cluster.delete_pod(name)
            case "vanishes":
                del self.cluster.pods[name]
            case "node lost":
                self.cluster.lost.add(name)
            case "finalizer":
                self.cluster.finalizers.add(name)
            case _:
                if self.cluster.pods[name]["status"]["phase"] not in ("Succeeded", "Failed"):
                    self.cluster.set_status(name, _STATUS[what])

    def calm(self) -> int:
        """Nothing holds pods any more that sweeps cannot deal with. Returns how many sweeps more than usual are needed."""
        self.cluster.finalizers.clear()
        return 8 if self.cluster.lost & self.cluster.pods.keys() else 0


def _ended(phase: str, code: int, reason: str) -> dict[str, Any]:
    state = {"terminated": {"exitCode": code, "reason": reason, "startedAt": None}}
    return {"phase": phase, "containerStatuses": [{"name": "weaver", "ready": False, "state": state}]}


_STATUS: dict[str, dict[str, Any]] = {
    "runs": RUNNING,
    "succeeds": _ended("Succeeded", 0, "Completed"),
    "fails": _ended("Failed", 1, "Error"),
    "is evicted": {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"},
}
