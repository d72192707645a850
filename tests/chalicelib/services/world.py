"""All use cases wired over one set of fakes, as bootstrap wires them over the adapters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import Weaver
from chalicelib.services.clusters import Clusters
from chalicelib.services.describe import Describe
from chalicelib.services.extend import Extend
from chalicelib.services.launch import Launch, LaunchSettings
from chalicelib.services.reconcile import Reconcile
from chalicelib.services.retention import Retention
from chalicelib.services.stop import Stop
from chalicelib.services.sweep import Sweep
from tests.chalicelib.fakes import FakeClock, FakeCluster, FakeStore, Watched
from tests.chalicelib.samples import ALICE, NOW

RUNNING = {
    "phase": "Running",
    "conditions": [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-03-01T12:00:01Z"},
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T12:00:03Z"},
    ],
    "containerStatuses": [
        {"name": "weaver", "ready": True, "state": {"running": {"startedAt": "2026-03-01T12:00:03Z"}}},
    ],
}

DEPLOYMENT = "weavers"
RETENTION = Retention(days=30)
SETTINGS = LaunchSettings(
    default_image="registry.example/weaver:latest",
    clone_image="registry.example/git:1",
    server_url="https://loom.example",
    deployment=DEPLOYMENT,
    user_limit=3,
    org_limit=5,
)


@dataclass
class World:
    """One deployment, with one cluster or ``others`` beside it. ``watcher`` is told of each call that a use case makes of a port."""

    store: FakeStore = field(default_factory=FakeStore)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    others: dict[str, FakeCluster] = field(default_factory=dict)
    watcher: Callable[[str, tuple[Any, ...]], None] = lambda _moment, _args: None

    def __post_init__(self) -> None:
        store: Any = Watched(self.store, lambda moment, args: self.watcher(moment, args))
        there = {"default": self.cluster, **self.others}
        watched: Any = {
            name: Watched(one, lambda moment, args: self.watcher(moment, args)) for name, one in there.items()
        }
        clusters = Clusters(watched)
        self.launch = Launch(store, clusters, self.clock, RETENTION, SETTINGS)
        self.describe = Describe(store, clusters, self.clock, RETENTION)
        self.extend = Extend(store, self.clock, self.describe)
        self.stop = Stop(store, clusters, self.clock, RETENTION, self.describe)
        for one in there.values():
            one.clock = self.clock
        reconcile = Reconcile(store, clusters, DEPLOYMENT)
        self.sweep = Sweep(store, clusters, self.clock, self.describe, self.stop, reconcile)

    def create(self, principal: Principal = ALICE, key: str | None = None, **body: Any) -> Weaver:
        """What POST does with ``body``."""
        return self.launch(principal, parse_create_request(body), key)

    def created_and_running(self, principal: Principal = ALICE, **body: Any) -> Weaver:
        """A weaver that came all the way, as recorded."""
        made = self.create(principal, **body)
        self.cluster.set_status(made.pod_name, RUNNING)
        return self.describe(principal, made.id)

    def meanwhile(self, moment: str, act: Callable[..., None]) -> None:
        """Once, at ``moment`` ("before get", "after create_pod"), ``act`` happens, with the arguments of that call."""

        def watcher(seen: str, args: tuple[Any, ...]) -> None:
            if seen == moment:
                self.watcher = lambda _moment, _args: None
                act(*args)

        self.watcher = watcher

    def recorded(self, weaver: Weaver) -> Weaver:
        """The record as it is now."""
        record = self.store.get(weaver.id)
        assert record is not None
        return record

    def living(self) -> list[Weaver]:
        """Records that have not ended: those that count against the limits."""
        return [one for one in self.store.records.values() if one.ended_at is None]
