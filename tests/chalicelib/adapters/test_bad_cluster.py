"""KubernetesCluster before a cluster that goes wrong in every way: it ends in time, with an error of ours, and believes nothing torn."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters.deadline import within
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.domain.errors import ClusterError, ClusterRefused, ClusterTimeout
from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from tests.chalicelib.proxies.faults import BROKEN, KUBERNETES, SLOW, answers, kubernetes
from tests.chalicelib.proxies.proxy import Fault, Plan, Proxy, Told, proxy
from tests.chalicelib.proxies.servers import PodServer, pod_server
from tests.chalicelib.samples import weaver

REQUEST = PodRequest(clone_image="registry.invalid/git:1", server_url="https://loom.example", command=("true",))
#: Seconds beyond what was allowed, for a busy machine. What is not bounded would take minutes.
SLACK = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodServer]:
    with pod_server(tmp_path_factory.mktemp("kube")) as running:
        yield running


@pytest.fixture
def bad(server: PodServer) -> Iterator[Proxy]:
    with proxy(server.url) as running:
        yield running


def manifest() -> dict[str, Any]:
    """A pod whose image is never there: nothing is run for it."""
    return weaver_pod(weaver(image="registry.invalid/none:1"), REQUEST)


def asks(server: PodServer, cluster: KubernetesCluster) -> dict[str, Callable[[], object]]:
    """Every question, about a pod that is there; each answers something true when it is answered."""
    there = server.cluster().create_pod(manifest())
    assert there is not None
    name = there["metadata"]["name"]
    return {
        "create": lambda: cluster.create_pod(manifest()),
        "get": lambda: cluster.get_pod(name),
        "events": lambda: cluster.pod_events(there) is not None,
        "delete": lambda: cluster.delete_pod(name) or server.cluster().get_pod(name) is None,
        "ping": lambda: _true(cluster.ping),
    }


def only(number: int, fault: Fault) -> Plan:
    return lambda asked: fault if asked.number == number else None


def _true(ask: Callable[[], None]) -> bool:
    ask()
    return True


@pytest.mark.parametrize("fault", KUBERNETES, ids=str)
def test_what_goes_wrong_each_time_is_told_in_time(server: PodServer, bad: Proxy, fault: Fault):
    seconds = 0.3 if fault in SLOW else 3.0
    for name, ask in asks(server, server.cluster(bad.url, seconds)).items():
        bad.plan = lambda _: fault
        begun = time.monotonic()
        with pytest.raises(ClusterTimeout if fault in SLOW else ClusterError):
            ask()
        assert time.monotonic() - begun < seconds + SLACK, name


_PASSES = [fault for fault in BROKEN if fault.name not in ("cut short", "welcome page", "404 page", "502 after")]


@pytest.mark.parametrize(
    "fault",
    [*_PASSES, kubernetes(429, "TooManyRequests", Retry_After="1"), kubernetes(503, "ServiceUnavailable")],
    ids=str,
)
def test_what_goes_wrong_once_is_asked_again(server: PodServer, bad: Proxy, fault: Fault):
    for name, ask in asks(server, server.cluster(bad.url)).items():
        before = len(bad.seen)
        bad.plan = only(before + 1, fault)
        answer = ask()
        assert answer or (name == "create" and answer is None), "the first attempt made the pod"
        assert len(bad.seen) - before == 2, name


def test_an_object_of_another_kind_is_none(server: PodServer, bad: Proxy):
    """A proxy's health page is JSON, too."""
    asked = asks(server, server.cluster(bad.url))
    bad.plan = lambda _: answers("a stranger", Told(200, b'{"kind": "Health", "ok": true}'))
    for name in ("create", "get", "events", "ping"):
        with pytest.raises(ClusterError, match="no Kubernetes object"):
            asked[name]()


def test_a_lost_answer_is_not_followed_by_a_certain_refusal(server: PodServer, bad: Proxy):
    """A quota refuses the second attempt for the very pod that the first one made."""
    lost, refused = next(fault for fault in BROKEN if fault.name == "reset after"), kubernetes(403, "Forbidden")
    bad.plan = lambda asked: lost if asked.number == 1 else refused
    with pytest.raises(ClusterError) as raised:
        server.cluster(bad.url).create_pod(manifest())
    assert not isinstance(raised.value, ClusterRefused)


def test_a_pause_longer_than_the_time_is_not_begun(server: PodServer, bad: Proxy):
    bad.plan = lambda _: kubernetes(429, "TooManyRequests", Retry_After="3600")
    begun = time.monotonic()
    with pytest.raises(ClusterError) as raised:
        server.cluster(bad.url).get_pod("p")
    assert raised.value.details["k8s_code"] == 429
    assert time.monotonic() - begun < SLACK
    assert len(bad.seen) == 1


def test_the_requests_deadline_goes_before_the_questions(server: PodServer, bad: Proxy):
    cluster = server.cluster(bad.url)
    cluster.ping()
    bad.plan = lambda _: SLOW[0]
    begun = time.monotonic()
    with within(1):
        with pytest.raises(ClusterTimeout):
            cluster.get_pod("p")
        with pytest.raises(ClusterTimeout):
            cluster.get_pod("p")  # there is no time left: it is not even sent
    assert time.monotonic() - begun < SLACK
    assert len(bad.seen) == 2


def test_a_connection_kept_open_takes_no_deadline_along(server: PodServer, bad: Proxy):
    cluster = server.cluster(bad.url)
    with within(5):
        cluster.ping()
    (kept,) = [connection for connection in _pool(cluster).pool.queue if connection]
    cluster.ping()
    assert kept.sock.gettimeout() > 5, "it was used again, with its own time"


def _pool(cluster: KubernetesCluster) -> Any:
    manager = cluster._kept().pool
    (key,) = manager.pools.keys()
    return manager.pools[key]
