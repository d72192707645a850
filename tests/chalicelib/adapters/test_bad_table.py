"""The store before a DynamoDB that goes wrong in every way: it ends in time, with an error of ours, and does nothing twice."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.deadline import within
from chalicelib.adapters.dynamodb.connection import Patience
from chalicelib.adapters.dynamodb.table import Table, table
from chalicelib.adapters.dynamodb.token_store import DynamoTokenStore
from chalicelib.adapters.dynamodb.weaver_store import DynamoWeaverStore
from chalicelib.domain.errors import Misconfigured, RetryLater, TooManyWeavers, VersionConflict
from chalicelib.domain.weaver import Weaver, pod_made
from tests.chalicelib.proxies.faults import BROKEN, DYNAMODB, SLOW, dynamodb
from tests.chalicelib.proxies.proxy import Fault, Plan, Proxy, proxy
from tests.chalicelib.samples import ALICE, NOW, reservation, weaver

pytestmark = pytest.mark.needs_dynamodb_local

#: Seconds beyond what was allowed, for a busy machine. What is not bounded would take minutes.
SLACK = 10.0
SHORT = Patience(connect=1, read=0.1, request=0.4)


@pytest.fixture
def bad(dynamodb_local_url: str) -> Iterator[Proxy]:
    with proxy(dynamodb_local_url) as running:
        yield running


def through(bad: Proxy, good: Table, patience: Patience = SHORT) -> DynamoWeaverStore:
    """The same table, by way of the proxy."""
    return DynamoWeaverStore(table(good.items.Meta.table_name, region="us-east-1", endpoint=bad.url, patience=patience))


def asks(store: DynamoWeaverStore, known: Weaver) -> dict[str, Callable[[], object]]:
    """Every operation that is asked of DynamoDB."""
    return {
        "TransactWriteItems": lambda: store.update(pod_made(known, "uid")),
        "GetItem": lambda: store.get(known.id),
        "Query": lambda: store.list_by_owner(known.owner_user_id, ended=False, limit=10, cursor=None),
        "Query of an index": lambda: list(store.due(NOW + timedelta(days=3))),
    }


@pytest.mark.parametrize("fault", DYNAMODB, ids=str)
def test_what_goes_wrong_each_time_is_told_in_time(isolated_table: Table, bad: Proxy, fault: Fault):
    known = DynamoWeaverStore(isolated_table).reserve(reservation())
    bad.plan = lambda _: fault
    setup = fault.name in ("400 AccessDeniedException before", "400 ResourceNotFoundException before")
    store = through(bad, isolated_table, Patience() if setup else SHORT)
    for name, ask in asks(store, known).items():
        begun = time.monotonic()
        with pytest.raises(Misconfigured if setup else RetryLater):
            ask()
        assert time.monotonic() - begun < SHORT.request + SLACK, name


_LASTS = ("404 page", "AccessDenied", "ExpiredToken", "ResourceNotFound")
_PASSES = [fault for fault in DYNAMODB if not any(word in fault.name for word in _LASTS)]


@pytest.mark.parametrize("fault", _PASSES, ids=str)
def test_what_goes_wrong_once_is_done_and_done_once(isolated_table: Table, bad: Proxy, fault: Fault):
    """Limits count exactly: a reservation whose answer was lost is neither refused when it is repeated nor counted twice."""
    good, patient = DynamoWeaverStore(isolated_table), Patience(connect=1, read=0.2, request=20)
    store = through(bad, isolated_table, patient)
    if fault.name.startswith("trickled"):
        store = through(bad, isolated_table, replace(patient, request=0.3))
    known = weaver(name="api")

    def once(ask: Callable[[], object]) -> None:
        bad.plan = only(len(bad.seen) + 1, fault)
        if fault.name.startswith("trickled"):  # it took all the time there was
            with pytest.raises(RetryLater):
                ask()
        else:
            ask()

    once(lambda: store.reserve(reservation(known, user_limit=2)))
    assert good.get(known.id) == known
    made = pod_made(known, "uid")
    once(lambda: store.update(made))
    assert good.get(known.id) == made
    good.reserve(reservation(user_limit=2))
    with pytest.raises(TooManyWeavers):
        good.reserve(reservation(user_limit=2))


def test_another_writer_is_still_told_from_a_lost_answer(isolated_table: Table, bad: Proxy):
    good = DynamoWeaverStore(isolated_table)
    known = good.reserve(reservation())
    good.update(pod_made(known, "theirs"))
    bad.plan = only(1, next(fault for fault in BROKEN if fault.name == "reset after"))
    with pytest.raises(VersionConflict):
        through(bad, isolated_table, Patience()).update(pod_made(known, "ours"))


def test_half_an_answer_does_not_make_a_token_unknown(isolated_table: Table, bad: Proxy):
    """botocore reads it as an answer without an item."""
    DynamoTokenStore(isolated_table).add("hash", ALICE)
    for fault in BROKEN:
        bad.plan = lambda _, fault=fault: fault  # type: ignore[misc]
        with pytest.raises(RetryLater):
            DynamoTokenStore(through(bad, isolated_table).table).principal("hash")
    bad.plan = lambda _: None
    assert DynamoTokenStore(through(bad, isolated_table, Patience()).table).principal("hash") == ALICE


def test_a_throttled_request_is_repeated_at_most_seven_times(isolated_table: Table, bad: Proxy):
    bad.plan = lambda _: dynamodb(400, "ThrottlingException")
    with pytest.raises(RetryLater):
        through(bad, isolated_table, Patience(request=60)).ping()
    assert len(bad.seen) == 8


def test_the_requests_deadline_goes_before_the_questions(isolated_table: Table, bad: Proxy):
    store = through(bad, isolated_table, Patience())
    store.ping()  # botocore takes its time to make a client
    bad.plan = lambda _: SLOW[0]
    begun = time.monotonic()
    with within(1):
        for _ in range(3):
            with pytest.raises(RetryLater):
                store.ping()
    assert time.monotonic() - begun < SLACK
    assert len(bad.seen) == 2, "what has no time left is not sent"


def test_a_table_that_is_not_there_is_named_as_what_is_wrong(isolated_table: Table, dynamodb_local_url: str):
    nowhere = DynamoWeaverStore(table("nowhere", region="us-east-1", endpoint=dynamodb_local_url))
    with pytest.raises(Misconfigured, match="ResourceNotFoundException"):
        nowhere.reserve(reservation())
    with pytest.raises(Misconfigured, match="ResourceNotFoundException"):
        nowhere.ping()


def only(number: int, fault: Fault) -> Plan:
    return lambda asked: fault if asked.number == number else None
