"""The life of one pod on the node, from scheduling to the end of its last container."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, Never, TypeVar

from local.kube import containerlog, images
from local.kube.images import Image, InvalidImageName, PullFailed
from local.kube.kubelet.container_config import ConfigError, PodFolder, container_config
from local.kube.kubelet.events import Recorder
from local.kube.kubelet.pod_status import DEADLINE_MESSAGE, ContainerState, new_pod_state, scheduled_condition, status
from local.kube.objects import Object, utc_now
from local.kube.registry import Registry
from local.kube.runtime.config import Isolation, StartFailed
from local.kube.runtime.container import Container
from local.kube.runtime.guard import Guard

NODE: Final = "node1"
#: What the kubelet reads of a termination message.
_MESSAGE_LIMIT: Final = 4096
#: How long the state says ErrImagePull before it says ImagePullBackOff, in seconds.
_PULL_ERROR_SHOWN: Final = 1.0
_FIRST_BACK_OFF: Final = 10.0
_LONGEST_BACK_OFF: Final = 300.0
_RUNC: Final = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: {}: unknown"
)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stop:
    """The pod has to end. ``grace`` is None when nothing may be written about it any more: kill at once."""

    grace: float | None
    deadline: bool = False


class _Stopped(Exception):
    """The pod has to end; its containers have ended already."""


@dataclass(frozen=True, slots=True)
class NodeParts:
    """What all pods of the node share."""

    registry: Registry
    recorder: Recorder
    isolation: Isolation
    guard: Guard
    loom_images: frozenset[str]


class PodWorker:
    """``containers`` has what was started; ``log_ended`` an event for each container of the pod."""

    def __init__(self, pod: Object, folder: PodFolder, node: NodeParts) -> None:
        self.folder = folder
        self.containers: dict[str, Container] = {}
        self.log_ended = {spec["name"]: asyncio.Event() for spec in _all_containers(pod)}
        self._pod = pod
        self._node = node
        self._state = new_pod_state(pod["spec"], utc_now())
        self._stop: asyncio.Future[Stop] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        return self._state.is_over

    def stop(self, stop: Stop) -> None:
        """The first stop counts, as with the kubelet; a later one only if it kills at once."""
        if not self._stop.done():
            self._stop.set_result(stop)
        elif stop.grace is None:
            for container in self.containers.values():
                container.end_now()

    async def run(self) -> None:
        """Until every container has ended and the pod's status says so."""
        try:
            self._schedule()
            await asyncio.to_thread(self._make_folders)
            self._state.has_sandbox = True
            self._write()
            deadline = self._start_deadline()
            try:
                await self._run_containers()
            finally:
                if deadline is not None:
                    deadline.cancel()
        except _Stopped:
            pass
        finally:
            for container in self.containers.values():
                await container.kill()
            self._finish()

    def _schedule(self) -> None:
        def assign(pod: Object) -> None:
            pod["spec"]["nodeName"] = NODE
            pod["status"]["conditions"] = [scheduled_condition(utc_now())]

        self._update(assign)
        self._node.recorder.scheduled(self._pod)
        self._write()

    def _start_deadline(self) -> asyncio.TimerHandle | None:
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        if seconds is None:
            return None
        return asyncio.get_running_loop().call_later(seconds, self._deadline_exceeded)

    def _deadline_exceeded(self) -> None:
        self._node.recorder.record(self._pod, "DeadlineExceeded", DEADLINE_MESSAGE)
        self.stop(Stop(self._pod["spec"].get("terminationGracePeriodSeconds", 30), deadline=True))

    async def _run_containers(self) -> None:
        spec = self._pod["spec"]
        for init in spec.get("initContainers", ()):
            if await self._run(init, "initContainers", self._state.inits) != 0:
                return
        mains = [self._run(main, "containers", self._state.containers) for main in spec["containers"]]
        for outcome in await asyncio.gather(*mains, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _run(self, spec: Object, kind: str, states: Mapping[str, ContainerState]) -> int:
        """One container to its end. Returns its exit code. Raises _Stopped."""
        state, field = states[spec["name"]], f"spec.{kind}{{{spec['name']}}}"
        image = await self._pull(spec, state, field)
        container = await self._start(spec, image, state, field)
        if container is not None:
            stopped = False
            try:
                code = await self._unless_stopped(asyncio.shield(container.ended))
            except _Stopped:
                stopped, code = True, await self._end(container, spec["name"], field)
            message = await asyncio.to_thread(self._termination_message, spec, code)
            state.end(code, message, utc_now())
            self._write()
            if stopped:
                raise _Stopped
        self.log_ended[spec["name"]].set()
        return state.exit_code or 0

    async def _pull(self, spec: Object, state: ContainerState, field: str) -> Image:
        """The image, once it is there, which may be never. Raises _Stopped."""
        back_off = _FIRST_BACK_OFF
        while True:
            try:
                image = images.resolve(spec["image"], self._node.loom_images)
                break
            except InvalidImageName as error:
                self._warn("InspectFailed", str(error), field)
                await self._never(state, "InvalidImageName", str(error), field)
            except PullFailed as error:
                await self._pull_failed(spec, state, field, str(error), back_off)
                back_off = min(2 * back_off, _LONGEST_BACK_OFF)
        for reason, message in _pulled(spec):
            self._record(reason, message, field)
        return image

    async def _pull_failed(self, spec: Object, state: ContainerState, field: str, why: str, back_off: float) -> None:
        name = spec["image"]
        if spec.get("imagePullPolicy") == "Never":
            absent = f'Container image "{name}" is not present with pull policy of Never'
            self._warn("ErrImageNeverPull", absent, field)
            await self._never(state, "ErrImageNeverPull", absent, field)
        self._record("Pulling", f'Pulling image "{name}"', field)
        self._warn("Failed", f'Failed to pull image "{name}": {why}', field)
        self._warn("Failed", "Error: ErrImagePull", field)
        self._wait(state, "ErrImagePull", why)
        await self._unless_stopped(asyncio.sleep(_PULL_ERROR_SHOWN))
        self._record("BackOff", f'Back-off pulling image "{name}"', field)
        self._warn("Failed", "Error: ImagePullBackOff", field)
        self._wait(state, "ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {why}')
        await self._unless_stopped(asyncio.sleep(back_off - _PULL_ERROR_SHOWN))

    async def _start(self, spec: Object, image: Image, state: ContainerState, field: str) -> Container | None:
        """None when the program could not be started. Raises _Stopped."""
        if self._stop.done():
            raise _Stopped
        try:
            config = container_config(self._pod, spec, image, self.folder)
        except ConfigError as error:
            self._warn("Failed", f"Error: {error}", field)
            await self._never(state, "CreateContainerConfigError", str(error))
        try:
            container = Container(config, self._node.isolation, self._node.guard)
            self.containers[spec["name"]] = container
            state.id, state.image_id = config.id, image.id
            self._record("Created", "Container created", field)
            await container.start()
        except (StartFailed, OSError) as error:  # OSError: no more terminals, no room for a log
            message = _RUNC.format(error)
            self._warn("Failed", f"Error: {message}", field)
            state.fail_to_start(message, utc_now())
            self._write()
            return None
        self._record("Started", "Container started", field)
        state.run(utc_now())
        self._write()
        return container

    async def _end(self, container: Container, name: str, field: str) -> int:
        grace = self._stop.result().grace
        if grace is None:
            return await container.kill()
        self._record("Killing", f"Stopping container {name}", field)
        return await container.stop(grace)

    async def _never(self, state: ContainerState, reason: str, message: str, field: str | None = None) -> Never:
        """Waits for the pod's end: nothing else will happen. Raises _Stopped."""
        if field is not None:
            self._warn("Failed", f"Error: {reason}", field)
        self._wait(state, reason, message)
        await self._unless_stopped(asyncio.Event().wait())
        raise _Stopped

    async def _unless_stopped(self, coroutine: "Coroutine[Any, Any, _T] | asyncio.Future[_T]") -> _T:
        """Its result. Raises _Stopped when the pod has to end first."""
        waiting: asyncio.Future[_T] = asyncio.ensure_future(coroutine)
        both: set[asyncio.Future[Any]] = {waiting, self._stop}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        raise _Stopped

    def _finish(self) -> None:
        for state in self._state.containers.values():
            if self._stop.done() and self._state.is_initialized and state.exit_code is None:
                state.never_ran()
        self._state.deadline_exceeded = self._stop.done() and self._stop.result().deadline
        self._state.has_sandbox, self._state.is_over = False, True
        for event in self.log_ended.values():
            event.set()
        self._write()

    def _wait(self, state: ContainerState, reason: str, message: str) -> None:
        state.wait(reason, message)
        self._write()

    def _write(self) -> None:
        def change(pod: Object) -> None:
            pod["status"] = status(pod, self._state, utc_now())

        self._update(change)

    def _update(self, change: Callable[[Object], None]) -> None:
        """Changes the stored pod, unless it is gone: then nobody is interested any more, and a kill is on its way."""
        metadata = self._pod["metadata"]
        stored = self._node.registry.find("pods", metadata["namespace"], metadata["name"])
        if stored is not None and stored["metadata"]["uid"] == metadata["uid"]:
            self._pod = self._node.registry.update("pods", metadata["namespace"], metadata["name"], change)

    def _record(self, reason: str, message: str, field: str) -> None:
        self._node.recorder.record(self._pod, reason, message, field=field)

    def _warn(self, reason: str, message: str, field: str) -> None:
        self._node.recorder.record(self._pod, reason, message, field=field, warning=True)

    def _make_folders(self) -> None:
        group = self._pod["spec"].get("securityContext", {}).get("fsGroup")
        for volume in self._pod["spec"].get("volumes", ()):
            folder = self.folder.volume(volume["name"])
            folder.mkdir(parents=True)
            folder.chmod(0o777)
            if group is not None and os.geteuid() == 0:
                os.chown(folder, -1, group)
                folder.chmod(0o2777)
        for spec in _all_containers(self._pod):
            self.folder.container(spec["name"]).mkdir(parents=True)
            message = self.folder.termination_message(spec["name"])
            message.touch()
            message.chmod(0o666)

    def _termination_message(self, spec: Object, exit_code: int) -> str | None:
        with self.folder.termination_message(spec["name"]).open("rb") as file:
            message = file.read(_MESSAGE_LIMIT).decode(errors="replace")
        if not message and exit_code != 0 and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            message = containerlog.last_output(self.folder.log(spec["name"]))
        return message or None


def _pulled(spec: Object) -> list[tuple[str, str]]:
    name = spec["image"]
    if spec.get("imagePullPolicy") == "Always":
        took = "in 1ms (1ms including waiting). Image size: 0 bytes."
        return [("Pulling", f'Pulling image "{name}"'), ("Pulled", f'Successfully pulled image "{name}" {took}')]
    return [("Pulled", f'Container image "{name}" already present on machine and can be accessed by the pod')]


def _all_containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
