"""The life of one pod on the node, from scheduling to the end of its last container."""

import asyncio
from collections.abc import Mapping
from typing import Final

from local.kube import containerlog
from local.kube.images import Image
from local.kube.kubelet import image_pull
from local.kube.kubelet.container_config import ConfigError, container_config
from local.kube.kubelet.eviction import over_limit
from local.kube.kubelet.pod_report import NodeParts, PodFolder, PodReport
from local.kube.kubelet.pod_status import DEADLINE_MESSAGE, ContainerState, new_pod_state
from local.kube.kubelet.probes import follow_readiness
from local.kube.kubelet.scheduling import scheduled_condition, unschedulable, unschedulable_condition
from local.kube.kubelet.stopping import Stop, Stopped, Stopping
from local.kube.kubelet.volumes import VolumeNotReady, make_volumes
from local.kube.nodes import NODE_NAME
from local.kube.objects import Object, utc_now
from local.kube.runtime.config import StartFailed
from local.kube.runtime.container import Container

#: What the kubelet reads of a termination message.
_MESSAGE_LIMIT: Final = 4096
#: How long to wait before a volume is tried again, in seconds.
_MOUNT_BACK_OFF: Final = 0.5
_LONGEST_MOUNT_BACK_OFF: Final = 10.0
_RUNC: Final = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: {}: unknown"
)


class PodWorker:
    """``containers`` has what was started; ``log_ended`` an event for each container of the pod."""

    def __init__(self, pod: Object, folder: PodFolder, node: NodeParts) -> None:
        self.folder = folder
        self.containers: dict[str, Container] = {}
        self.log_ended = {spec["name"]: asyncio.Event() for spec in _all_containers(pod)}
        self._node = node
        self._state = new_pod_state(pod["spec"], utc_now())
        self._report = PodReport(pod, self._state, node)
        self._stopping = Stopping()

    @property
    def is_over(self) -> bool:
        return self._state.is_over

    @property
    def _spec(self) -> Object:
        spec: Object = self._report.pod["spec"]
        return spec

    def stop(self, stop: Stop) -> None:
        """The first stop counts, as with the kubelet; a later one only if it kills at once."""
        if not self._stopping.ask(stop) and stop.grace is None:
            for container in self.containers.values():
                container.end_now()

    async def run(self) -> None:
        """Until every container has ended and the pod's status says so."""
        try:
            await self._schedule()
        except Stopped:
            return  # never scheduled: whoever deleted it, removed it too
        watching = asyncio.create_task(self._watch_limits())
        deadline = self._start_deadline()
        try:
            await self._make_folders()
            self._state.has_sandbox = True
            self._report.write()
            await self._run_containers()
        except Stopped:
            pass
        finally:
            watching.cancel()
            if deadline is not None:
                deadline.cancel()
            for container in self.containers.values():
                await container.kill()
            self._finish()

    async def _schedule(self) -> None:
        """Raises Stopped."""
        pod, node = self._report.pod, self._node.registry.find("nodes", "", NODE_NAME)
        if node is not None and (why := unschedulable(pod, node)):
            condition = unschedulable_condition(pod, why)
            self._report.update(lambda stored: stored["status"].update(conditions=[condition]))
            self._node.recorder.not_scheduled(self._report.pod, why)
            await self._stopping.unless(asyncio.Event().wait())

        def assign(stored: Object) -> None:
            stored["spec"]["nodeName"] = NODE_NAME
            stored["status"]["conditions"] = [scheduled_condition()]

        self._report.update(assign)
        self._node.recorder.scheduled(self._report.pod)
        self._report.write()

    def _start_deadline(self) -> asyncio.TimerHandle | None:
        seconds = self._spec.get("activeDeadlineSeconds")
        if seconds is None:
            return None
        return asyncio.get_running_loop().call_later(seconds, self._deadline_exceeded)

    def _deadline_exceeded(self) -> None:
        self._report.record("DeadlineExceeded", DEADLINE_MESSAGE)
        grace = self._spec.get("terminationGracePeriodSeconds", 30)
        self.stop(Stop(grace, reason="DeadlineExceeded", message=DEADLINE_MESSAGE))

    async def _watch_limits(self) -> None:
        """Ends a pod that uses more of the disk than it may, with the grace that the kubelet gives then: a second."""
        why = await over_limit(self._report.pod, self.folder)
        self._report.warn("Evicted", why)
        self.stop(Stop(1, reason="Evicted", message=why))

    async def _make_folders(self) -> None:
        """Volumes wait for what they are made from. Raises Stopped."""
        back_off = _MOUNT_BACK_OFF
        while True:
            try:
                await asyncio.to_thread(self._make_folders_now)
            except VolumeNotReady as error:
                self._report.warn("FailedMount", str(error))
                await self._stopping.unless(asyncio.sleep(back_off))
                back_off = min(2 * back_off, _LONGEST_MOUNT_BACK_OFF)
            else:
                return

    def _make_folders_now(self) -> None:
        make_volumes(self._report.pod, self.folder, self._node)
        for spec in _all_containers(self._report.pod):
            self.folder.container(spec["name"]).mkdir(parents=True)
            message = self.folder.termination_message(spec["name"])
            message.touch()
            message.chmod(0o666)

    async def _run_containers(self) -> None:
        for init in self._spec.get("initContainers", ()):
            if await self._run(init, "initContainers", self._state.inits) != 0:
                return
        mains = [self._run(main, "containers", self._state.containers) for main in self._spec["containers"]]
        for outcome in await asyncio.gather(*mains, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _run(self, spec: Object, kind: str, states: Mapping[str, ContainerState]) -> int:
        """One container to its end. Returns its exit code. Raises Stopped."""
        state, field = states[spec["name"]], f"spec.{kind}{{{spec['name']}}}"
        image = await image_pull.pull(self._report, self._stopping, spec, state, field)
        container = await self._start(spec, image, state, field)
        if container is not None:
            probing = asyncio.create_task(follow_readiness(self._report, spec, container, state, field))
            stopped = False
            try:
                code = await self._stopping.unless(asyncio.shield(container.ended))
            except Stopped:
                stopped, code = True, await self._end(container, spec["name"], field)
            probing.cancel()
            message = await asyncio.to_thread(self._termination_message, spec, code)
            state.end(code, message, utc_now(), out_of_memory=container.was_out_of_memory)
            self._report.write()
            if stopped:
                raise Stopped
        self.log_ended[spec["name"]].set()
        return state.exit_code or 0

    async def _start(self, spec: Object, image: Image, state: ContainerState, field: str) -> Container | None:
        """None when the program could not be started. Raises Stopped."""
        if self._stopping.stop is not None:
            raise Stopped
        try:
            config = container_config(self._report.pod, spec, image, self.folder, self._node.registry)
        except ConfigError as error:
            self._report.warn("Failed", f"Error: {error}", field)
            await image_pull.never(self._report, self._stopping, state, "CreateContainerConfigError", str(error))
        try:
            container = Container(config, self._node.isolation, self._node.guard, self._node.cgroups)
            self.containers[spec["name"]] = container
            state.id, state.image_id = config.id, image.id
            self._report.record("Created", "Container created", field)
            await container.start()
        except (StartFailed, OSError) as error:  # OSError: no more terminals, no room for a log
            message = _RUNC.format(error)
            self._report.warn("Failed", f"Error: {message}", field)
            state.fail_to_start(message, utc_now())
            self._report.write()
            return None
        self._report.record("Started", "Container started", field)
        state.run(utc_now(), ready="readinessProbe" not in spec)
        self._report.write()
        return container

    async def _end(self, container: Container, name: str, field: str) -> int:
        grace = self._stopping.stop.grace if self._stopping.stop else None
        if grace is None:
            return await container.kill()
        self._report.record("Killing", f"Stopping container {name}", field)
        return await container.stop(grace)

    def _finish(self) -> None:
        stop = self._stopping.stop
        for state in self._state.containers.values():
            if stop is not None and self._state.is_initialized and state.exit_code is None:
                state.never_ran()
        self._state.ended_because = (stop.reason, stop.message) if stop is not None and stop.reason else None
        self._state.has_sandbox, self._state.is_over = False, True
        for event in self.log_ended.values():
            event.set()
        self._report.write()

    def _termination_message(self, spec: Object, exit_code: int) -> str | None:
        with self.folder.termination_message(spec["name"]).open("rb") as file:
            message = file.read(_MESSAGE_LIMIT).decode(errors="replace")
        if not message and exit_code != 0 and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            message = containerlog.last_output(self.folder.log(spec["name"]))
        return message or None


def _all_containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
