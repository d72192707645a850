"""Whatever DynamoDB and Kubernetes do, every request is answered in time, with the error that fits, and never with 500."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.adapters.deadline import within
from chalicelib.adapters.dynamodb.connection import PATIENCE, Patience
from chalicelib.adapters.dynamodb.table import Table, table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.adapters.kubernetes.cluster import QUESTION
from chalicelib.api.budget import REQUEST
from chalicelib.bootstrap import control_plane
from chalicelib.domain.weaver import Weaver
from chalicelib.services.authenticate import token_hash
from chalicelib.services.clusters import Clusters
from tests.chalicelib.api.gateway import ADMIN, Answer, Gateway
from tests.chalicelib.api.requests import GOOD
from tests.chalicelib.fakes import FakeSigner
from tests.chalicelib.proxies.faults import DYNAMODB, KUBERNETES
from tests.chalicelib.proxies.proxy import Exchange, Fault, Proxy, proxy
from tests.chalicelib.proxies.servers import PodServer, pod_server
from tests.chalicelib.samples import reservation
from tests.chaos import FULL

pytestmark = pytest.mark.needs_dynamodb_local

#: Seconds beyond what was allowed, for a busy machine. What is not bounded would take minutes.
SLACK = 10.0
#: Impatient before a server that goes wrong, as patient as ever before the other one.
SHORT, SHORT_QUESTION = Patience(connect=1, read=0.2, request=0.3), 0.3
GATEWAY = 29.0
#: Each adapter meets all of them by itself.
BAD_TABLE, BAD_CLUSTER = (DYNAMODB, KUBERNETES) if FULL else (DYNAMODB[::4], KUBERNETES[::4])

WITHOUT_TABLE = {("GET", "/openapi.json"), ("GET", "/.well-known/jwks.json"), ("GET", "/api/weaver/{weaver_id}/attach")}
NEEDS_CLUSTER = {("POST", "/api/weaver"), ("GET", "/api/weaver/{weaver_id}")}
HEALTH = ("GET", "/health")


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodServer]:
    with pod_server(tmp_path_factory.mktemp("kube")) as running:
        yield running


@pytest.fixture
def bad_kube(kube: PodServer) -> Iterator[Proxy]:
    with proxy(kube.url) as running:
        yield running


@pytest.fixture
def bad_table(dynamodb_local_url: str) -> Iterator[Proxy]:
    with proxy(dynamodb_local_url) as running:
        yield running


@pytest.fixture
def made(isolated_table: Table) -> Weaver:
    """A weaver that is there, without its pod; and the admin's token is known."""
    DynamoTokenStore(isolated_table).add(token_hash("root"), ADMIN)
    return DynamoWeaverStore(isolated_table).reserve(reservation())


def wire(good: Table, bad_table: Proxy, patience: Patience, kube: PodServer, bad_kube: Proxy, question: float) -> None:
    """The control plane as bootstrap wires it, over the two proxies."""
    plane = control_plane()
    for name in ("launch", "describe", "extend", "stop", "sweep", "store", "authenticate", "tickets"):
        vars(plane).pop(name)
    name = good.items.Meta.table_name
    plane.table = table(name, region="us-east-1", endpoint=bad_table.url, patience=patience)
    plane.clusters = Clusters({"default": kube.cluster(bad_kube.url, question)})
    plane.signer = FakeSigner()


def asked(gateway: Gateway, operation: tuple[str, str], made: Weaver) -> tuple[Answer, float]:
    begun = time.monotonic()
    return GOOD[operation](gateway, made), time.monotonic() - begun


def code(answer: Answer) -> str | None:
    return answer.body["error"]["code"] if answer.body and "error" in answer.body else None


@pytest.mark.parametrize("fault", BAD_TABLE, ids=str)
def test_a_bad_table(
    gateway: Gateway, kube: PodServer, bad_kube: Proxy, bad_table: Proxy, isolated_table: Table, made: Weaver, fault: Fault
):  # fmt: skip
    wire(isolated_table, bad_table, SHORT, kube, bad_kube, QUESTION)
    bad_table.plan = lambda _: fault
    setup = fault.name in ("400 AccessDeniedException before", "400 ResourceNotFoundException before")
    for operation in GOOD.keys() - WITHOUT_TABLE:
        answer, took = asked(gateway, operation, made)
        assert took < SLACK, operation
        assert answer.status == 503, operation
        if operation == HEALTH:
            assert not answer.body["checks"]["dynamodb"]["ok"]
            assert answer.body["checks"]["kubernetes"]["ok"]
        else:
            assert code(answer) == ("misconfigured" if setup else "retry_later"), operation
            assert ("retry-after" in answer.headers) != setup


@pytest.mark.parametrize("fault", BAD_CLUSTER, ids=str)
def test_a_bad_cluster(
    gateway: Gateway, kube: PodServer, bad_kube: Proxy, bad_table: Proxy, isolated_table: Table, made: Weaver, fault: Fault
):  # fmt: skip
    wire(isolated_table, bad_table, PATIENCE, kube, bad_kube, SHORT_QUESTION)
    bad_kube.plan = lambda _: fault
    for operation in GOOD:
        answer, took = asked(gateway, operation, made)
        assert took < SLACK, operation
        if operation == HEALTH:
            assert answer.status == 503
            assert not answer.body["checks"]["kubernetes"]["ok"]
            assert answer.body["checks"]["dynamodb"]["ok"]
        elif operation in NEEDS_CLUSTER:
            assert (answer.status, code(answer)) in ((502, "k8s_error"), (504, "weaver_timeout")), operation
        else:
            assert answer.status < 500, operation


def delayed(seconds: float) -> Fault:
    """Every answer comes, and late."""

    def act(exchange: Exchange) -> None:
        told = exchange.upstream()
        exchange.pause(seconds)
        exchange.answer(told)

    return Fault(f"delayed by {seconds} s", act)


def test_many_slow_answers_do_not_add_up_to_more_than_the_budget(
    gateway: Gateway, kube: PodServer, bad_kube: Proxy, bad_table: Proxy, isolated_table: Table, made: Weaver
):
    """A sweep asks dozens of questions, each of which would be answered within its own time."""
    wire(isolated_table, bad_table, PATIENCE, kube, bad_kube, QUESTION)
    bad_table.plan = lambda _: delayed(0.4)
    with within(1.5):
        answer, took = asked(gateway, ("POST", "/api/weavers/cleanup"), made)
    assert took < 1.5 + SLACK
    assert len(bad_table.seen) <= 4
    assert answer.status in (200, 503)


def test_the_budgets_leave_the_gateway_time():
    """The last question may have begun right before the end of the request: connecting to it is not counted."""
    assert max(QUESTION, PATIENCE.request) < REQUEST < GATEWAY
    assert QUESTION + 2 * PATIENCE.request <= REQUEST, "one hung question does not keep its error from being dealt with"


if FULL:  # minutes

    @pytest.mark.timeout(600)
    @pytest.mark.parametrize("seconds", [1000.0, 2.8])
    def test_with_real_timeouts_no_request_takes_longer_than_api_gateway_waits(
        gateway: Gateway,
        kube: PodServer,
        bad_kube: Proxy,
        bad_table: Proxy,
        isolated_table: Table,
        made: Weaver,
        seconds,
    ):
        wire(isolated_table, bad_table, PATIENCE, kube, bad_kube, QUESTION)
        bad_table.plan = bad_kube.plan = lambda _: delayed(seconds)
        for operation in GOOD:
            answer, took = asked(gateway, operation, made)
            print(f"{operation}: {answer.status} {code(answer)} after {took:.1f} s")
            assert took < GATEWAY
            assert answer.status != 500
