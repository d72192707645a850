"""Several clusters, as clients see them."""

import pytest

from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import ClusterError
from chalicelib.services.tickets import Tickets
from tests.chalicelib.api.gateway import RELAY_URL, SERVER_URL, Gateway
from tests.chalicelib.fakes import FakeCluster, FakeSigner
from tests.chalicelib.services.world import World


def several(gateway: Gateway) -> World:
    world = World(others={"eu": FakeCluster()})
    gateway.deploy(world)
    return world


def test_a_create_says_in_which_cluster_and_every_answer_too(gateway: Gateway):
    several(gateway)
    made = gateway("POST", "/api/weaver", body={"cluster": "eu"})
    assert (made.status, made.body["cluster"]) == (201, "eu")
    assert gateway("GET", "/api/weaver/{id}", reference=made.body["id"]).body["cluster"] == "eu"
    assert [one["cluster"] for one in gateway("GET", "/api/weavers").body["weavers"]] == ["eu"]


def test_a_cluster_that_there_is_not(gateway: Gateway):
    several(gateway)
    for name in ("mars", "Mars", "", 1):
        answer = gateway("POST", "/api/weaver", body={"cluster": name})
        assert answer.error == (400, "invalid_request", "cluster")


def test_health_tells_of_each_cluster_and_is_as_bad_as_the_worst(gateway: Gateway):
    world = several(gateway)
    well = gateway("GET", "/health")
    assert (well.status, well.body["clusters"].keys()) == (200, {"default", "eu"})
    world.others["eu"].failures["ping"] = ClusterError("no route to it")
    ill = gateway("GET", "/health")
    assert (ill.status, ill.body["status"]) == (503, "unhealthy")
    assert ill.body["clusters"]["default"]["ok"]
    assert ill.body["checks"]["kubernetes"] == ill.body["clusters"]["eu"]
    assert ill.body["clusters"]["eu"]["message"] == "no route to it"


def test_health_tells_of_settings_that_cannot_be(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    del control_plane().clusters
    monkeypatch.setenv("LOOM_CLUSTERS", "{")
    answer = gateway("GET", "/health")
    assert (answer.status, answer.body["checks"]["kubernetes"]["error"]) == (503, "misconfigured")
    assert "LOOM_CLUSTERS" in answer.body["clusters"]["default"]["message"]
    assert answer.body["checks"]["dynamodb"]["ok"]


def test_a_ticket_leads_to_the_relays_of_the_weavers_cluster(gateway: Gateway):
    world = several(gateway)
    control_plane().tickets = Tickets(FakeSigner(), world.clock, SERVER_URL, RELAY_URL, {"eu": "wss://eu.example"})
    for cluster, relay in (("eu", "wss://eu.example"), ("default", RELAY_URL)):
        made = gateway("POST", "/api/weaver", body={"cluster": cluster, "attach": "driver"}).body
        assert made["attach"]["url"] == f"{relay}/api/weaver/{made['id']}/attach"
