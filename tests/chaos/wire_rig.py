"""A control plane over the real adapters twice: straight, and through proxies that can go wrong."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from chalicelib.adapters.dynamodb.connection import Patience
from chalicelib.adapters.dynamodb.reconciliation_store import DynamoReconciliationStore
from chalicelib.adapters.dynamodb.table import Table, table
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.permissions import Principal
from chalicelib.domain.pod_status import Pod
from chalicelib.domain.weaver import Weaver
from chalicelib.services.clusters import Clusters
from chalicelib.services.describe import Describe
from chalicelib.services.extend import Extend
from chalicelib.services.launch import Launch
from chalicelib.services.reconcile import Reconcile
from chalicelib.services.stop import Stop
from chalicelib.services.sweep import Sweep
from tests.chalicelib.fakes import FakeClock
from tests.chalicelib.proxies.proxy import Proxy, proxy
from tests.chalicelib.proxies.servers import PodServer, pod_server
from tests.chalicelib.samples import MINUTE
from tests.chalicelib.services.world import DEPLOYMENT, RETENTION, SETTINGS
from tests.waiting import until

PATIENT: Final = Patience(connect=3, read=8, request=10)
HOURS: Final = 1.0


@dataclass(frozen=True)
class Plane:
    """The use cases over one pair of adapters."""

    store: DynamoWeaverStore
    cluster: KubernetesCluster
    clock: FakeClock
    launch: Launch = field(init=False)
    describe: Describe = field(init=False)
    extend: Extend = field(init=False)
    stop: Stop = field(init=False)
    sweep: Sweep = field(init=False)

    def __post_init__(self) -> None:
        store, clock = self.store, self.clock
        clusters = Clusters({"default": self.cluster})
        describe = Describe(store, clusters, clock, RETENTION)
        stop = Stop(store, clusters, clock, RETENTION, describe)
        reconcile = Reconcile(DynamoReconciliationStore(store.table), clusters, DEPLOYMENT, counters_a_pass=1)
        made: dict[str, object] = {
            "describe": describe,
            "stop": stop,
            "launch": Launch(store, clusters, clock, RETENTION, SETTINGS),
            "extend": Extend(store, clock, describe),
            "sweep": Sweep(store, clusters, clock, describe, stop, reconcile),
        }
        for name, use_case in made.items():
            object.__setattr__(self, name, use_case)


@dataclass(frozen=True, slots=True)
class Rig:
    """A table and a cluster, each also behind a proxy. ``store`` is the adapter that is put to the test."""

    kube: PodServer
    table: Table
    dynamodb_proxy: Proxy
    kube_proxy: Proxy
    store: type[DynamoWeaverStore] = DynamoWeaverStore

    @property
    def proxies(self) -> tuple[Proxy, Proxy]:
        return self.dynamodb_proxy, self.kube_proxy

    def good(self, clock: FakeClock) -> Plane:
        return Plane(self.store(self.table), self.kube.cluster(), clock)

    def bad(self, clock: FakeClock, patience: Patience) -> Plane:
        name, url = self.table.items.Meta.table_name, self.dynamodb_proxy.url
        through = table(name, region="us-east-1", endpoint=url, patience=patience)
        return Plane(self.store(through), self.kube.cluster(self.kube_proxy.url, patience.request), clock)


@contextmanager
def rig(dynamodb_url: str, folder: Path) -> Iterator[Rig]:
    """Everything that a run needs, but DynamoDB Local. AWS credentials must be in the environment."""
    with ExitStack() as stack:
        kube = stack.enter_context(pod_server(folder))
        made = table(f"weavers-{uuid.uuid4()}", region="us-east-1", endpoint=dynamodb_url)
        made.create()
        yield Rig(kube, made, stack.enter_context(proxy(dynamodb_url)), stack.enter_context(proxy(kube.url)))


class Stage:
    """One deployment at one point: somebody of whom nothing is there yet, and the time."""

    def __init__(self, rig: Rig, patience: Patience = PATIENT) -> None:
        self.rig = rig
        self.clock = FakeClock(datetime.now(UTC))
        self.good, self.bad = rig.good(self.clock), rig.bad(self.clock, patience)
        self.who = Principal(f"user-{uuid.uuid4()}", f"org-{uuid.uuid4()}")
        self.store = DynamoWeaverStore(rig.table)
        self.first: Weaver | None = None

    def create(self, plane: Plane, key: str | None = None) -> Weaver:
        """Its image is never there, so that nothing is run for it."""
        body = {"name": "api", "image": "registry.invalid/none:1", "lifetime_hours": HOURS}
        return plane.launch(self.who, parse_create_request(body), key)

    def made(self) -> Weaver:
        """The weaver that was prepared."""
        assert self.first
        return self.first

    def records(self) -> list[Weaver]:
        """All of ours, ended ones too."""
        of = self.who.user_id
        pages = [self.store.list_by_owner(of, ended=ended, limit=100, cursor=None) for ended in (False, True)]
        return [one for page in pages for one in page.weavers]

    def pods(self) -> list[Pod]:
        """Ours, those on their way out included."""
        page = self.good.cluster.list_pods(DEPLOYMENT, 500, None)
        return [pod for pod in page.pods if pod["metadata"]["labels"]["loom.dev/owner-user-id"] == self.who.user_id]

    def settle(self) -> None:
        """Deletions come to their end."""
        until(lambda: not any(pod["metadata"].get("deletionTimestamp") for pod in self.pods()))

    def minutes(self, count: int = 2) -> None:
        """They pass, each with its sweep."""
        for _ in range(count):
            self.clock.advance(MINUTE)
            self.good.sweep()
            self.settle()

    def close(self) -> None:
        """Everything of ours is ended."""
        for _ in range(2):
            for one in self.records():
                if not one.ended_at:
                    self.good.stop(self.who, one.id)
            self.settle()
            self.clock.advance(MINUTE)
