"""Follows one pod: what it and its events say, and while it clones, the clone's progress."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from chalicelib.domain.pod_status import CLONE_CONTAINER, PodStatus, pod_status
from relay.kube import WATCH_AT_LEAST, Kube, KubeError

log = logging.getLogger(__name__)

#: Seconds between two looks at the events of a pod that waits: half of them say what no change of the pod says.
_EVENTS_EVERY: Final = 1.0
#: Seconds before Kubernetes is asked again after an error: first, and at most.
_RETRY_FIRST: Final = 0.2
_RETRY_LONGEST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Observation:
    """The pod as last seen. ``known`` is False until Kubernetes has answered for the first time; ``status`` is None while
    there is no pod: not yet, or when ``existed``, no more. ``trouble`` is why nothing newer is known."""

    known: bool = False
    existed: bool = False
    status: PodStatus | None = None
    trouble: str | None = None
    started_at: str | None = None  # of the running weaver container, RFC 3339

    @property
    def runs(self) -> bool:
        """Whether the weaver container can be attached to."""
        return self.started_at is not None

    @property
    def over(self) -> bool:
        """Whether the weaver container will never run (again)."""
        if self.status is None:
            return self.existed
        return self.status.status in ("succeeded", "failed") or (self.status.status == "terminating" and not self.runs)


class PodFollower:
    """Runs until cancelled; ``changed`` is called after each change of ``seen``."""

    def __init__(self, kube: Kube, pod_name: str, changed: Callable[[Observation], None]) -> None:
        self.seen = Observation()
        self._kube = kube
        self._name = pod_name
        self._changed = changed
        self._pod: dict[str, Any] | None = None
        self._known = False
        self._events: Sequence[dict[str, Any]] = ()
        self._events_complete = False
        self._progress = ""  # the clone's last line
        self._trouble: str | None = None
        self._news = asyncio.Condition()
        self._look_at_events = asyncio.Event()

    async def run(self) -> None:
        """Follow the pod."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_pod())
            tasks.create_task(self._follow_events())
            tasks.create_task(self._follow_clone())

    async def until(self, condition: Callable[[Observation], bool]) -> Observation:
        """The first observation for which ``condition`` holds."""
        async with self._news:
            await self._news.wait_for(lambda: condition(self.seen))
            return self.seen

    async def _follow_pod(self) -> None:
        pause = _RETRY_FIRST
        version: str | None = None
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            try:
                if version is None:
                    pod, version = await self._kube.find_pod(self._name)
                    await self._see(pod)
                version = await self._watch(version)
                pause = _RETRY_FIRST
            except KubeError as error:
                version = None
                if error.status != 410:  # else the version is forgotten: list again, at once
                    self._trouble = str(error)
                    await self._update()
                    log.warning("following the pod failed: %s", error, extra={"fields": {"pod": self._name}})
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _RETRY_LONGEST)
            await asyncio.sleep(begun + WATCH_AT_LEAST - clock())

    async def _watch(self, version: str) -> str:
        """One watch until the server ends it. Returns the version to go on from."""
        async with aclosing(self._kube.watch_pod(self._name, version)) as changes:
            async for kind, pod in changes:
                version = pod["metadata"]["resourceVersion"]
                if kind != "BOOKMARK":
                    await self._see(None if kind == "DELETED" else pod)
        return version

    async def _see(self, pod: dict[str, Any] | None) -> None:
        self._pod = pod
        self._known = True
        self._trouble = None
        self._look_at_events.set()
        await self._update()

    async def _follow_events(self) -> None:
        while True:
            try:
                async with asyncio.timeout(None if self._events_complete else _EVENTS_EVERY):
                    await self._look_at_events.wait()
            except TimeoutError:
                pass  # a look now and then, whether or not the pod has changed
            self._look_at_events.clear()
            if self._pod and not self.seen.over and not self._events_complete:
                complete = self.seen.runs  # the last look: it has all that led here
                await self._read_events(self._pod["metadata"]["uid"])
                self._events_complete = complete

    async def _read_events(self, uid: str) -> None:
        try:
            events = await self._kube.pod_events(uid)
        except KubeError as error:
            log.warning("reading events failed: %s", error, extra={"fields": {"pod": self._name}})
            return
        if events != self._events:
            self._events = events
            await self._update()

    async def _follow_clone(self) -> None:
        await self.until(_clones)
        try:
            async with aclosing(self._kube.follow_log(self._name, CLONE_CONTAINER)) as lines:
                async for line in lines:
                    if line:
                        self._progress = line
                        await self._update()
        except KubeError as error:
            log.info("no progress of the clone: %s", error, extra={"fields": {"pod": self._name}})

    async def _update(self) -> None:
        seen = self._observe()
        if seen == self.seen:
            return
        self.seen = seen
        self._changed(seen)
        async with self._news:
            self._news.notify_all()

    def _observe(self) -> Observation:
        existed = self.seen.existed or self._pod is not None
        seen = Observation(known=self._known, existed=existed, trouble=self._trouble)
        if self._pod is None:
            return seen
        status = pod_status(self._pod, self._events)
        if status.reason == "Cloning" and self._progress:
            status = replace(status, message=self._progress)
        return replace(seen, status=status, started_at=_running_since(self._pod))


def _clones(seen: Observation) -> bool:
    return seen.status is not None and seen.status.reason == "Cloning"


def _running_since(pod: dict[str, Any]) -> str | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        if running := (container.get("state") or {}).get("running"):
            return str(running.get("startedAt"))
    return None
