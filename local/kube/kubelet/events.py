"""Events about pods, in the two dialects that Kubernetes has: the scheduler's and the kubelet's."""

import asyncio
import contextlib
import time
from typing import Final

from local.kube.objects import Object, microseconds, seconds, utc_now
from local.kube.registry import Registry
from local.kube.status import ApiError

#: How long the API server keeps an event after it last happened (``--event-ttl``).
TTL_SECONDS: Final = 3600.0


class Recorder:
    """Writes the events of the node called ``node``."""

    def __init__(self, registry: Registry, node: str) -> None:
        self._registry = registry
        self._node = node
        self._seen: dict[tuple[str, ...], str] = {}

    def scheduled(self, pod: Object) -> None:
        metadata = pod["metadata"]
        message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {self._node}"
        self._scheduler_s(pod, "Normal", "Scheduled", message, "Binding")

    def not_scheduled(self, pod: Object, why: str) -> None:
        self._scheduler_s(pod, "Warning", "FailedScheduling", why, "Scheduling")

    def _scheduler_s(self, pod: Object, kind: str, reason: str, message: str, action: str) -> None:
        self._create(
            pod,
            {
                "involvedObject": _reference(pod),
                "reason": reason,
                "message": message,
                "source": {},
                "firstTimestamp": None,
                "lastTimestamp": None,
                "type": kind,
                "eventTime": microseconds(utc_now()),
                "action": action,
                "reportingComponent": "default-scheduler",
                "reportingInstance": f"default-scheduler-{self._node}",
            },
        )

    def record(self, pod: Object, reason: str, message: str, *, field: str = "", warning: bool = False) -> None:
        """The kubelet's. ``field`` is the container's path in the pod; repeats are counted on the same object."""
        kind = "Warning" if warning else "Normal"
        key = (pod["metadata"]["uid"], field, kind, reason, message)
        if not (key in self._seen and self._repeat(pod["metadata"]["namespace"], self._seen[key])):
            self._seen[key] = self._create(pod, self._event(pod, reason, message, field, kind))

    def forget(self, pod: Object) -> None:
        """The pod is gone; its events stay until their time is over."""
        uid = pod["metadata"]["uid"]
        self._seen = {key: name for key, name in self._seen.items() if key[0] != uid}

    def _event(self, pod: Object, reason: str, message: str, field: str, kind: str) -> Object:
        now = seconds(utc_now())
        return {
            "involvedObject": _reference(pod) | ({"fieldPath": field} if field else {}),
            "reason": reason,
            "message": message,
            "source": {"component": "kubelet", "host": self._node},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": "kubelet",
            "reportingInstance": self._node,
        }

    def _create(self, pod: Object, event: Object) -> str:
        name = f"{pod['metadata']['name']}.{time.time_ns():x}"
        namespace = pod["metadata"]["namespace"]
        self._registry.create("events", {"metadata": {"name": name, "namespace": namespace}, **event})
        asyncio.get_running_loop().call_later(TTL_SECONDS, self._expire, namespace, name)
        return name

    def _repeat(self, namespace: str, name: str) -> bool:
        """Whether the event is still there to be counted."""

        def again(event: Object) -> None:
            event["count"] += 1
            event["lastTimestamp"] = seconds(utc_now())

        if self._registry.find("events", namespace, name) is None:
            return False
        self._registry.update("events", namespace, name, again)
        return True

    def _expire(self, namespace: str, name: str) -> None:
        with contextlib.suppress(ApiError):  # deleted by someone
            self._registry.delete("events", namespace, name)


def _reference(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "v1",
        "resourceVersion": metadata["resourceVersion"],
    }
