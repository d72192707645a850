"""What a sweep asks for grows with what is due, not with what there is (DESIGN §9): counted on the wire and at the cluster."""

from collections import Counter
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.table import Table
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from scripts.bench_sweep import records
from scripts.bench_sweep.population import Population
from tests.chalicelib.fakes import FakeClock
from tests.chalicelib.samples import MINUTE, NOW
from tests.chalicelib.services.world import World

pytestmark = pytest.mark.needs_dynamodb_local

EXPIRED = 20


def calls_of_two_sweeps(empty: Table, size: int) -> list[Counter[str]]:
    """Of the tick that ends :data:`EXPIRED` weavers among ``size``, and of the next one, when their pods are gone."""
    calls: Counter[str] = Counter()
    events = empty.connection.client.meta.events
    population = Population(size, EXPIRED, NOW)
    records.store(empty, population)
    events.register("before-send.dynamodb", lambda event_name, **_: calls.update([event_name.rpartition(".")[2]]))
    store: Any = DynamoWeaverStore(empty)
    world = World(store=store, clock=FakeClock(NOW))
    for weaver in population.weavers():
        world.cluster.pods[weaver.pod_name] = {"metadata": {"name": weaver.pod_name, "uid": weaver.pod_uid}}
    found = []
    for _ in range(2):
        report = world.sweep(reconcile=False)
        assert (len(report.steps), report.more, report.failed_count) == (EXPIRED, False, 0)
        found.append(calls + Counter(world.cluster.calls))
        calls.clear()
        world.cluster.calls.clear()
        world.cluster.settle()
        world.clock.advance(MINUTE)
    assert len(world.cluster.pods) == size - EXPIRED
    return found


@pytest.mark.parametrize("size", [40, 400])
def test_calls_grow_with_what_expired_and_not_with_the_table(isolated_table: Table, size: int):
    tick = {"Query": 4, "TransactWriteItems": EXPIRED, "delete_pod": EXPIRED}
    assert calls_of_two_sweeps(isolated_table, size) == [tick, tick]
