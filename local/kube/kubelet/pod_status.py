"""What a pod's status says, as a pure function of what its containers do (recorded in ``tests/recordings/kubernetes/pods``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from local.kube.objects import EPOCH, Object, seconds

#: The kubelet's words for a pod whose activeDeadlineSeconds have passed.
DEADLINE_MESSAGE: Final = "Pod was active on the node longer than the specified deadline"
START_ERROR: Final = 128


@dataclass(slots=True)
class ContainerState:
    """``state`` has one key: ``waiting``, ``running`` or ``terminated``. ``ready`` is what its probe says, if it has one."""

    state: Object
    id: str = ""
    image_id: str = ""
    ready: bool = False

    @property
    def exit_code(self) -> int | None:
        """None until it ended."""
        return self.state["terminated"]["exitCode"] if "terminated" in self.state else None

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def is_ready(self) -> bool:
        return self.is_running and self.ready

    def run(self, now: datetime, *, ready: bool) -> None:
        self.ready = ready
        self.state = {"running": {"startedAt": seconds(now)}}

    def wait(self, reason: str, message: str | None = None) -> None:
        self.state = {"waiting": {"reason": reason} | ({"message": message} if message else {})}

    def end(self, exit_code: int, message: str | None, now: datetime, *, out_of_memory: bool) -> None:
        """OOMKilled may come with any exit code: when the kernel killed only a child (recorded)."""
        reason = "OOMKilled" if out_of_memory else "Completed" if exit_code == 0 else "Error"
        self._terminate(exit_code, reason, message, self.state["running"]["startedAt"], seconds(now))

    def fail_to_start(self, message: str, now: datetime) -> None:
        self._terminate(START_ERROR, "StartError", message, EPOCH, seconds(now))

    def never_ran(self) -> None:
        """The pod ended before the container began."""
        message = "The container could not be located when the pod was terminated"
        self._terminate(137, "ContainerStatusUnknown", message, None, None)

    def _terminate(self, code: int, reason: str, message: str | None, start: str | None, end: str | None) -> None:
        ended: Object = {"exitCode": code, "reason": reason}
        if message:
            ended["message"] = message
        ended |= {"startedAt": start, "finishedAt": end}
        if self.id:
            ended["containerID"] = f"containerd://{self.id}"
        self.state = {"terminated": ended}


@dataclass(slots=True)
class PodState:
    """``inits`` and ``containers`` by name, in the spec's order. ``has_sandbox`` while the containers have a place to be;
    ``ended_because`` reason and message when the node itself ended the pod."""

    inits: dict[str, ContainerState]
    containers: dict[str, ContainerState]
    started_at: datetime
    has_sandbox: bool = False
    is_over: bool = False
    ended_because: tuple[str, str | None] | None = None
    address: str = field(default="127.0.0.1")

    @property
    def is_initialized(self) -> bool:
        return all(init.exit_code == 0 for init in self.inits.values())

    @property
    def phase(self) -> str:
        """Succeeded or Failed only when everything is really gone."""
        codes = [container.exit_code for container in (*self.inits.values(), *self.containers.values())]
        if self.is_over:
            succeeded = self.ended_because is None and all(code == 0 for code in codes)
            return "Succeeded" if succeeded else "Failed"
        begun = any("waiting" not in container.state for container in self.containers.values())
        return "Running" if begun and self.is_initialized else "Pending"


def new_pod_state(spec: Object, now: datetime) -> PodState:
    """As the kubelet first sees a pod: with init containers everything waits for them."""
    inits = [container["name"] for container in spec.get("initContainers", ())]
    reason = "PodInitializing" if inits else "ContainerCreating"

    def waiting() -> ContainerState:
        return ContainerState({"waiting": {"reason": reason}})

    names = [container["name"] for container in spec["containers"]]
    return PodState({name: waiting() for name in inits}, {name: waiting() for name in names}, now)


def status(pod: Object, state: PodState, now: datetime) -> Object:
    """The whole status; what of the old one did not change keeps its time."""
    spec, old = pod["spec"], pod["status"]
    generation = pod["metadata"].get("generation", 1)
    new: Object = {"observedGeneration": generation, "phase": state.phase}
    if state.is_over and state.ended_because is not None:
        reason, message = state.ended_because
        new |= {"message": message, "reason": reason}
    new["conditions"] = _conditions(state, old.get("conditions", []), generation, seconds(now))
    new |= {"hostIP": state.address, "hostIPs": [{"ip": state.address}]}
    if state.has_sandbox or state.is_over:
        new |= {"podIP": state.address, "podIPs": [{"ip": state.address}]}
    new["startTime"] = seconds(state.started_at)
    if state.inits:
        new["initContainerStatuses"] = [
            _container_status(container, state.inits[container["name"]], is_init=True)
            for container in spec["initContainers"]
        ]
    new["containerStatuses"] = [
        _container_status(container, state.containers[container["name"]], is_init=False)
        for container in spec["containers"]
    ]
    return new | {"qosClass": old.get("qosClass", "BestEffort")}


def _conditions(state: PodState, old: Sequence[Object], generation: int, now: str) -> list[Object]:
    ready = _readiness(state)
    wanted: Mapping[str, Object] = {
        "PodReadyToStartContainers": {"status": _said(state.has_sandbox)},
        "Initialized": _initialized(state),
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": {"status": "True"},
    }
    before = {condition["type"]: condition for condition in old}
    conditions = []
    for kind, condition in wanted.items():
        earlier = before.get(kind, {})
        same = earlier.get("status") == condition["status"]
        since = earlier["lastTransitionTime"] if same else now
        new: Object = {"type": kind, "observedGeneration": generation, "status": condition["status"]}
        new |= {"lastProbeTime": None, "lastTransitionTime": since}
        conditions.append(new | {key: condition[key] for key in ("reason", "message") if key in condition})
    return conditions


def _initialized(state: PodState) -> Object:
    unfinished = [name for name, init in state.inits.items() if init.exit_code != 0]
    if unfinished:
        message = f"containers with incomplete status: [{' '.join(unfinished)}]"
        return {"status": "False", "reason": "ContainersNotInitialized", "message": message}
    return {"status": "True"} | ({"reason": "PodCompleted"} if state.phase == "Succeeded" else {})


def _readiness(state: PodState) -> Object:
    if state.is_over:
        return {"status": "False", "reason": "PodCompleted" if state.phase == "Succeeded" else "PodFailed"}
    unready = [name for name, container in state.containers.items() if not container.is_ready]
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return {"status": "False", "reason": "ContainersNotReady", "message": message}
    return {"status": "True"}


def _container_status(spec: Object, container: ContainerState, *, is_init: bool) -> Object:
    new: Object = {
        "name": spec["name"],
        "state": container.state,
        "lastState": {},
        "ready": container.exit_code == 0 if is_init else container.is_ready,
        "restartCount": 0,
        "image": spec["image"],
        "imageID": container.image_id,
    }
    if container.id:
        new["containerID"] = f"containerd://{container.id}"
    new["started"] = container.is_running
    resources = spec.get("resources", {})
    if container.id and resources:
        new |= {"allocatedResources": resources.get("requests", {}), "resources": resources}
    mounts = [
        {key: mount[key] for key in ("name", "mountPath", "readOnly") if key in mount}
        for mount in spec.get("volumeMounts", ())
    ]
    return new | ({"volumeMounts": mounts} if mounts else {})


def _said(value: bool) -> str:
    return "True" if value else "False"
