"""A kubelet with its registry in this process, and real containers; with bubblewrap and without."""

import asyncio
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.kubelet import Attachment, Kubelet
from local.kube.objects import Object, seconds, utc_now
from local.kube.registry import Registry
from local.kube.runtime.bubblewrap import Bubblewrap
from local.kube.runtime.plain import Plain

DEADLINE = 30.0
LOOM_IMAGE = "ghcr.io/example/weaver:latest"
BASE_IMAGE = "ghcr.io/example/weaver-base:latest"
NAMESPACE = "loom-weavers"

SECURITY = {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
MOUNTS = {"workspace": "/workspace", "home": "/home/weaver", "tmp": "/tmp"}


def container(name: str = "weaver", *command: str, **fields: object) -> Object:
    """A container as a weaver has it, with its defaults."""
    return {
        "name": name,
        "image": BASE_IMAGE,
        "command": list(command),
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "10m", "memory": "32Mi"}},
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in MOUNTS.items()],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        **fields,
    }


def shell(script: str, **fields: object) -> Object:
    return container("weaver", "bash", "-c", script, **fields)


def pod(main: Object, *inits: Object, name: str = "weaver-1", **spec: Any) -> Object:
    """A pod as the API server stores a new one."""
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": NAMESPACE, "generation": 1},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 30,
            "securityContext": SECURITY,
            "volumes": [{"name": volume, "emptyDir": {}} for volume in MOUNTS],
            **({"initContainers": list(inits)} if inits else {}),
            "containers": [main],
            **spec,
        },
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }


class Node:
    """What tests do with a kubelet: what its users, the API server's handlers, do."""

    def __init__(self, registry: Registry, kubelet: Kubelet, state: Path, tokens: ServiceAccountTokens):
        self.registry = registry
        self.tokens = tokens
        self.kubelet = kubelet
        self.state = state

    def create(self, new: Object) -> Object:
        return self.registry.create("pods", copy.deepcopy(new))

    def get(self, name: str = "weaver-1") -> Object:
        return self.registry.get("pods", NAMESPACE, name)

    def delete(self, grace: int, name: str = "weaver-1") -> None:
        """As the API server does for a running pod."""

        def mark(stored: Object) -> None:
            stored["metadata"] |= {"deletionTimestamp": seconds(utc_now()), "deletionGracePeriodSeconds": grace}

        self.registry.update("pods", NAMESPACE, name, mark)

    async def until(self, holds: Callable[[Object], bool], name: str = "weaver-1") -> Object:
        """The pod once ``holds``. Fails with its last state after DEADLINE."""
        subscription = self.registry.subscribe()
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds(found := self.get(name)):
                    await subscription.next()
                return found
        except TimeoutError:
            pytest.fail(f"it never came to that: {self.get(name)['status']}")
        finally:
            subscription.end()

    async def phase(self, *phases: str, name: str = "weaver-1") -> Object:
        return await self.until(lambda found: found["status"]["phase"] in phases, name)

    async def gone(self, name: str = "weaver-1") -> None:
        subscription = self.registry.subscribe()
        async with asyncio.timeout(DEADLINE):
            while self.registry.find("pods", NAMESPACE, name) is not None:
                await subscription.next()
        subscription.end()

    async def finished(self, main: Object, *inits: Object, **spec: Any) -> tuple[Object, str]:
        """Runs a pod to its end. Returns it, and what its main container wrote."""
        self.create(pod(main, *inits, **spec))
        found = await self.phase("Succeeded", "Failed")
        return found, self.log(found)

    def events(self, name: str = "weaver-1") -> list[Object]:
        found = self.registry.list("events", NAMESPACE)
        return [event for event in found if event["involvedObject"]["name"] == name]

    def log(self, found: Object, name: str = "weaver") -> str:
        """The text of the log, without the CRI prefix."""
        path = self.kubelet.log_path(found, name)
        if path is None:
            return ""
        return "".join(line.split(" ", 3)[3] for line in path.read_text().splitlines(keepends=True))


@pytest.fixture(params=[pytest.param("bubblewrap", marks=pytest.mark.needs_bwrap), "plain"])
async def node(request, tmp_path):
    """A node that isolates with bubblewrap, and one that does not."""
    registry = Registry()
    state = tmp_path / "node"
    isolation = (Bubblewrap if request.param == "bubblewrap" else Plain)(state / "shared")
    tokens = ServiceAccountTokens(registry)
    kubelet = Kubelet(
        registry,
        state=state,
        loom_images=frozenset({LOOM_IMAGE}),
        tokens=tokens,
        isolation=isolation,
    )
    await kubelet.start()
    yield Node(registry, kubelet, state, tokens)
    async with asyncio.timeout(DEADLINE):
        await kubelet.close()


#: For what only namespaces give.
isolated = pytest.mark.parametrize("node", [pytest.param("bubblewrap", marks=pytest.mark.needs_bwrap)], indirect=True)


#: What an attachment gave beyond what was waited for.
_unread: WeakKeyDictionary[Attachment, bytes] = WeakKeyDictionary()


async def read_until(attachment: Attachment, text: str) -> str:
    """What came until ``text`` had. Fails with it after DEADLINE."""
    seen, wanted = _unread.pop(attachment, b""), text.encode()
    try:
        async with asyncio.timeout(DEADLINE):
            while wanted not in seen:
                chunk = await attachment.read()
                assert chunk is not None, f"it ended after {seen!r}"
                seen += chunk[1]
    except TimeoutError:
        pytest.fail(f"{text!r} never came, only {seen!r}")
    end = seen.index(wanted) + len(wanted)
    _unread[attachment] = seen[end:]
    return seen[:end].decode()
