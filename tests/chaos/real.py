"""The same random orders over DynamoDB Local and the pod API server: real transactions, real pods, and time as the machine likes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, ClassVar, Final

from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import table
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.domain.pod_status import Pod, pod_status
from tests.chalicelib.fakes import FakeClock, Watched
from tests.chalicelib.proxies.servers import pod_server
from tests.chalicelib.services.world import World
from tests.chaos.machine import Lifecycle
from tests.chaos.node import Happening
from tests.chaos.stage import Stage
from tests.dynamodb_local import dynamodb_local
from tests.waiting import until

#: What the weavers run, in turn. Most live until they are ended, which they do at once.
_LIVES: Final = ("bash", "-c", "trap 'exit 0' TERM; sleep 1000 & wait")
_COMMANDS: Final = (_LIVES, _LIVES, ("true",), _LIVES, ("false",))


@dataclass(frozen=True, slots=True)
class Servers:
    """DynamoDB Local's URL, and the adapter of a cluster."""

    dynamodb: str
    cluster: KubernetesCluster


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """They run until the block ends. AWS credentials must be in the environment."""
    with dynamodb_local() as dynamodb, pod_server(folder) as kube:
        yield Servers(dynamodb, kube.cluster())


@dataclass(frozen=True, slots=True)
class RealNode:
    """What can happen to real pods. ``deployment`` says which are of this world."""

    cluster: KubernetesCluster
    deployment: str

    def happen(self, what: Happening, name: str) -> None:
        """Pods run and end by themselves: that is waited for. Nodes are not lost."""
        if what in ("is deleted", "vanishes"):
            self.cluster.delete_pod(name)
        elif what in ("runs", "succeeds", "fails"):
            self._until(lambda pod: pod["metadata"]["name"] != name or _at_rest(pod))

    def settle(self) -> None:
        """What is being deleted is gone."""
        self._until(lambda pod: "deletionTimestamp" not in pod["metadata"])

    def calm(self) -> int:
        """Pods have come to what they do."""
        self._until(_at_rest)
        return 0

    def _until(self, so: Any) -> None:
        until(lambda: all(so(pod) for pod in self.cluster.list_pods(self.deployment, 500, None).pods))


def _at_rest(pod: Pod) -> bool:
    """Whether nothing more happens by itself."""
    lives = pod["spec"]["containers"][0]["command"] == [_LIVES[0]]
    return pod_status(pod).status not in (("pending",) if lives else ("pending", "running"))


class RealLifecycle(Lifecycle):
    """Each sequence has a table and a deployment of its own. Subclassed with the servers that run."""

    servers: ClassVar[Servers]

    def begin(self) -> tuple[Stage, Any]:
        name = f"weavers-{uuid.uuid4()}"
        made = table(name, region="us-east-1", endpoint=self.servers.dynamodb)
        made.create()
        store: Any = DynamoWeaverStore(made)
        cluster: Any = self.servers.cluster
        world = World(store=store, cluster=cluster, clock=FakeClock(datetime.now(UTC)))
        watched: Any = Watched(DynamoReconciliationStore(made), lambda moment, args: world.watcher(moment, args))
        reconcile = replace(world.sweep.reconcile, store=watched, deployment=name)
        world.sweep = replace(world.sweep, reconcile=reconcile)
        world.launch = replace(world.launch, settings=replace(world.launch.settings, deployment=name))
        self._commands = cycle(_COMMANDS)
        node = RealNode(cluster, name)
        return Stage(world, node.settle), node

    def body(self, **asked: Any) -> dict[str, Any]:
        command, *args = next(self._commands)
        return {**super().body(**asked), "command": [command], "args": args}
