"""What the node tells about one pod: its status, and its events."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubelet.events import Recorder
from local.kube.kubelet.pod_status import ContainerState, PodState, status
from local.kube.objects import Object, utc_now
from local.kube.registry import Registry
from local.kube.runtime.cgroups import Cgroups
from local.kube.runtime.config import Isolation
from local.kube.runtime.guard import Guard


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What all pods of the node share. ``used_images`` are those that a container was made from."""

    registry: Registry
    recorder: Recorder
    isolation: Isolation
    guard: Guard
    cgroups: Cgroups
    tokens: ServiceAccountTokens
    loom_images: frozenset[str]
    used_images: set[str]


@dataclass(frozen=True, slots=True)
class PodFolder:
    """Where a pod keeps things on the node."""

    path: Path

    def volume(self, name: str) -> Path:
        return self.path / "volumes" / name

    def container(self, name: str) -> Path:
        return self.path / "containers" / name

    def log(self, container: str) -> Path:
        return self.container(container) / "log"

    def termination_message(self, container: str) -> Path:
        return self.container(container) / "termination-message"


class PodReport:
    """``pod`` is the pod as last stored, ``state`` what its status is made from."""

    def __init__(self, pod: Object, state: PodState, node: NodeParts) -> None:
        self.pod = pod
        self.state = state
        self.node = node

    def write(self) -> None:
        def change(pod: Object) -> None:
            pod["status"] = status(pod, self.state, utc_now())

        self.update(change)

    def update(self, change: Callable[[Object], None]) -> None:
        """Changes the stored pod, unless it is gone: then nobody is interested any more, and a kill is on its way."""
        metadata = self.pod["metadata"]
        stored = self.node.registry.find("pods", metadata["namespace"], metadata["name"])
        if stored is not None and stored["metadata"]["uid"] == metadata["uid"]:
            self.pod = self.node.registry.update("pods", metadata["namespace"], metadata["name"], change)

    def wait(self, state: ContainerState, reason: str, message: str) -> None:
        state.wait(reason, message)
        self.write()

    def record(self, reason: str, message: str, field: str = "") -> None:
        """``field`` is the container's path in the pod."""
        self.node.recorder.record(self.pod, reason, message, field=field)

    def warn(self, reason: str, message: str, field: str = "") -> None:
        self.node.recorder.record(self.pod, reason, message, field=field, warning=True)
