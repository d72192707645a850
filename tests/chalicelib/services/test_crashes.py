"""DESIGN §10, promise 1: killing any process at any step leaves, after two sweeps, no orphan pod, no leaked quota, no stuck
status. Here a process dies, sleeps, is met by its own double, or is failed by a port, before and after every single call that
it makes of one (``tests/chaos/crash_points.py``)."""

from datetime import datetime

import pytest

from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.weaver import Weaver
from tests.chaos.call_sites import met_sites, port_methods, sites_in, written_sites
from tests.chaos.crash_points import found_at, moments, pairs, points
from tests.chaos.scenarios import CREATES, SCENARIOS
from tests.chaos.tabled import tabled


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_whatever_happens_at_whatever_call_two_sweeps_later_all_is_well(scenario):
    found = [str(one) for point in points(scenario) for one in found_at(point)]
    assert found == []


@pytest.mark.parametrize("scenario", CREATES, ids=str)
def test_a_create_that_sleeps_through_two_sweeps_and_dies_after_that_leaves_nothing(scenario):
    found = [str(one) for point in pairs(scenario) for one in found_at(point)]
    assert found == []


def test_the_points_are_those_of_the_calls_that_are_made():
    create = next(one for one in CREATES if one.name == "create")
    assert moments(create) == [
        f"{when} {method}" for method in ("reserve", "create_pod", "update") for when in ("before", "after")
    ]
    assert {(point.number, point.moment) for point in points(create)} == set(enumerate(moments(create)))


def test_every_call_of_a_port_in_the_services_has_its_points():
    """A new call without a scenario that makes it fails here."""
    assert {str(site): met for site, met in met_sites().items() if met != {"before", "after"}} == {}


def test_a_call_of_a_port_is_known_by_what_it_looks_like():
    source = "self.cluster.\\\n delete_pod(name)\nstore.get(1)\nx.cursor()\n{}.get(1)\nself.update({})"
    assert {str(site) for site in sites_in("new.py", source)} == {
        "new.py:1 delete_pod", "new.py:3 get", "new.py:4 cursor"
    }  # fmt: skip
    unused = port_methods() - {site.method for site in written_sites()}
    assert unused == {"ping"}, "only the health endpoint asks whether they are there"


class Forgetful(DynamoWeaverStore):
    """Ends weavers without freeing what they had."""

    def end(self, weaver: Weaver, keep_until: datetime) -> None:
        self.update(weaver)


@pytest.mark.needs_dynamodb_local
@pytest.mark.usefixtures("isolated_table")  # for its credentials
def test_a_table_is_judged_as_a_fake_is(dynamodb_local_url: str):
    sweep = next(one for one in SCENARIOS if one.name == "sweep that finishes")
    deaths = [point for point in points(sweep) if point.how == "dies"][-6::2]
    assert [found for point in deaths for found in found_at(point, tabled(dynamodb_local_url))] == []
    planted = found_at(deaths[0], tabled(dynamodb_local_url, Forgetful))
    assert {one.kind for one in planted} == {"leak"}
