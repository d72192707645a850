"""Many creates at once: limits, idempotency keys and names hold exactly."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.domain.errors import NameTaken, TooManyWeavers
from chalicelib.domain.weaver import Weaver
from chalicelib.services.describe import Listing
from tests.chalicelib.races.conftest import LIMIT
from tests.chalicelib.races.together import at_once
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World

pytestmark = [pytest.mark.needs_dynamodb_local, pytest.mark.xdist_group("races")]

CLIENTS = 50


def test_500_creates_against_a_limit_of_64_make_exactly_64(world: World, counted: Callable[[], tuple[int, int]]):
    outcomes = at_once([world.create] * 500)
    made = [one for one in outcomes if isinstance(one, Weaver)]
    assert {type(one) for one in outcomes} == {Weaver, TooManyWeavers}
    assert len(made) == LIMIT
    assert counted() == (LIMIT, LIMIT)
    listed = world.describe.list(ALICE, Listing(limit=500)).weavers
    assert {one.id for one in listed} == {one.id for one in made}
    assert set(world.cluster.pods) == {one.pod_name for one in made}

    at_once([partial(world.stop, ALICE, one.id) for one in made])
    world.cluster.settle()
    world.sweep(reconcile=False)  # which would repair what the ends did not free
    assert counted() == (0, 0)


def test_the_same_key_from_50_clients_makes_one_weaver_and_one_pod(
    world: World, counted: Callable[[], tuple[int, int]]
):
    outcomes = at_once([partial(world.create, key="k", name="api")] * CLIENTS)
    assert {type(one) for one in outcomes} == {Weaver}
    [weaver_id] = {one.id for one in outcomes if isinstance(one, Weaver)}
    assert [pod["metadata"]["name"] for pod in world.cluster.pods.values()] == [f"weaver-{weaver_id}"]
    assert counted() == (1, 1)


def test_a_name_asked_for_by_50_clients_is_one_weavers(world: World, counted: Callable[[], tuple[int, int]]):
    outcomes = at_once([partial(world.create, name="api")] * CLIENTS)
    [made] = [one for one in outcomes if isinstance(one, Weaver)]
    assert sum(isinstance(one, NameTaken) for one in outcomes) == CLIENTS - 1
    assert list(world.cluster.pods) == [made.pod_name]
    assert counted() == (1, 1)
