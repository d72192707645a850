"""Follows the registry: a new pod gets a worker, a deleted one is ended and then removed."""

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Coroutine, Sequence
from pathlib import Path

from local.kube import isolation as isolations
from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubelet.events import Recorder
from local.kube.kubelet.pod_report import NodeParts, PodFolder
from local.kube.kubelet.stopping import Stop
from local.kube.kubelet.worker import PodWorker
from local.kube.nodes import NODE_NAME
from local.kube.objects import Object, seconds, utc_now
from local.kube.registry import Change, Registry, Subscription
from local.kube.runtime.cgroups import Cgroups
from local.kube.runtime.config import Isolation
from local.kube.runtime.container import Attachment, Container
from local.kube.runtime.execution import Execution
from local.kube.runtime.guard import Guard
from local.kube.status import PlainError, bad_request


class Kubelet:
    """The only node. ``state`` is its folder, emptied at every start; ``loom_images`` are those that have ``loom session``.

    ``tokens`` are put into volumes; ``isolation`` is the best this machine has, if not given.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        state: Path,
        loom_images: frozenset[str],
        tokens: ServiceAccountTokens,
        isolation: Isolation | None = None,
    ) -> None:
        self._registry = registry
        self._state = state.absolute()
        self._isolation = isolation or isolations.choose(self._state / "shared")
        self._guard = Guard()
        self._cgroups = Cgroups()
        self._recorder = Recorder(registry, NODE_NAME)
        self._node = NodeParts(
            registry, self._recorder, self._isolation, self._guard, self._cgroups, tokens, loom_images, set()
        )
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to follow the registry."""
        await asyncio.to_thread(self._start_clean)
        self._say_what_is_enforced()
        self._subscription = self._registry.subscribe()
        for pod in self._registry.list("pods"):
            self._added(pod)
        self._following = asyncio.create_task(self._follow(self._subscription))

    def _say_what_is_enforced(self) -> None:
        """A condition of the node that Kubernetes does not have."""
        enforced = self._cgroups.are_enforced
        why = "ControlGroups" if enforced else "NoWritableControlGroups"
        said = "limits of memory and cpu are enforced" if enforced else "limits of memory and cpu are not enforced here"
        now = seconds(utc_now())
        times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
        condition = {
            "type": "loom.dev/LimitsEnforced",
            "status": str(enforced),
            **times,
            "reason": why,
            "message": said,
        }
        if self._registry.find("nodes", "", NODE_NAME) is not None:
            self._registry.update("nodes", "", NODE_NAME, lambda node: node["status"]["conditions"].append(condition))

    async def close(self) -> None:
        """Kills every container; returns when they are gone."""
        if self._subscription is not None:
            self._subscription.end()
        if self._following is not None:
            await self._following
        for worker in self._workers.values():
            worker.stop(Stop(grace=None))
        while self._tasks:
            await asyncio.gather(*self._tasks)
        self._guard.close()
        self._cgroups.close()

    def attach(self, pod: Object, container: str) -> Attachment:
        """Raises ApiError for a container that the pod does not have or a pod without a node, PlainError when the container
        does not run (both recorded in ``tests/recordings/kubernetes/errors``)."""
        metadata, spec = pod["metadata"], pod["spec"]
        if not any(known["name"] == container for known in (*spec.get("initContainers", ()), *spec["containers"])):
            raise bad_request(f"container {container} is not valid for pod {metadata['name']}")
        if not spec.get("nodeName"):
            raise bad_request(f"pod {metadata['name']} does not have a host assigned")
        running = self._running(pod, container)
        if running is None:
            raise PlainError(500, f"container {container} not found in pod {metadata['name']}_{metadata['namespace']}")
        return running.attach()

    def require_running(self, pod: Object, container: str) -> None:
        """Raises PlainError in the words for exec."""
        self._to_execute_in(pod, container)

    async def execute(
        self, pod: Object, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> Execution:
        """Starts ``command`` in the container. Raises PlainError, ExecFailed."""
        return await self._to_execute_in(pod, container).execute(command, tty=tty, stdin=stdin)

    def _to_execute_in(self, pod: Object, container: str) -> Container:
        running = self._running(pod, container)
        if running is None:
            raise PlainError(500, f'container not found ("{container}")')
        return running

    def _running(self, pod: Object, container: str) -> Container | None:
        worker = self._workers.get(pod["metadata"]["uid"])
        found = worker.containers.get(container) if worker else None
        return found if found is not None and found.is_running else None

    def log_path(self, pod: Object, container: str) -> Path | None:
        """The container's log in CRI format, None when it never started."""
        worker = self._workers.get(pod["metadata"]["uid"])
        path = worker.folder.log(container) if worker else None
        return path if path is not None and path.exists() else None

    def log_ended(self, pod: Object, container: str) -> asyncio.Event:
        """Set when nothing more will be written to the log."""
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is not None:
            return worker.log_ended[container]
        over = asyncio.Event()
        over.set()
        return over

    async def _follow(self, subscription: Subscription) -> None:
        while (change := await subscription.next()) is not None:
            if change.resource == "pods":
                self._changed(change)

    def _changed(self, change: Change) -> None:
        uid = change.object["metadata"]["uid"]
        if change.type == "ADDED":
            self._added(change.object)
        elif (worker := self._workers.get(uid)) is None:
            return
        elif change.type == "DELETED":
            worker.stop(Stop(grace=None))
            if worker.is_over:
                self._forget(change.object)
        elif "deletionTimestamp" in change.object["metadata"]:
            worker.stop(Stop(grace=change.object["metadata"].get("deletionGracePeriodSeconds", 0)))

    def _added(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        worker = PodWorker(pod, PodFolder(self._state / "pods" / uid), self._node)
        self._workers[uid] = worker
        self._spawn(self._run(pod, worker))

    async def _run(self, pod: Object, worker: PodWorker) -> None:
        await worker.run()
        metadata = pod["metadata"]
        stored = self._registry.find("pods", metadata["namespace"], metadata["name"])
        if stored is None or stored["metadata"]["uid"] != metadata["uid"]:
            self._forget(pod)
        elif "deletionTimestamp" in stored["metadata"]:
            self._remove(stored)

    def _remove(self, pod: Object) -> None:
        """As the kubelet tells the API server that a deleted pod has really ended."""

        def nothing_left(stored: Object) -> None:
            stored["metadata"]["deletionGracePeriodSeconds"] = 0

        metadata = pod["metadata"]
        self._registry.update("pods", metadata["namespace"], metadata["name"], nothing_left)
        self._registry.delete("pods", metadata["namespace"], metadata["name"])
        self._forget(pod)

    def _forget(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        self._recorder.forget(pod)
        worker = self._workers.pop(uid, None)
        if worker is not None:
            self._spawn(asyncio.to_thread(_remove_tree, worker.folder.path))

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start_clean(self) -> None:
        """What an earlier server left is nobody's: its containers ended with it."""
        _remove_tree(self._state)
        (self._state / "pods").mkdir(parents=True)
        (self._state / "shared").mkdir()
        self._isolation.open()
        self._guard.open()
        self._cgroups.open()


def _remove_tree(folder: Path) -> None:
    """Also what was made read-only, as Go's module cache is; what cannot be removed stays until the next start."""
    for parent, folders, _ in os.walk(folder):
        for path in (Path(parent), *(Path(parent, name) for name in folders)):
            with contextlib.suppress(OSError):  # not ours: then removing it fails too
                if not path.is_symlink() and not os.access(path, os.W_OK):
                    path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
