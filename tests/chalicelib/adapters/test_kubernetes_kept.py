"""How long what is known of a cluster's place is used, and when it is asked for again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.adapters.deadline import within
from chalicelib.adapters.kubernetes.connection import Connection, connection
from chalicelib.adapters.kubernetes.kept import Kept
from chalicelib.domain.errors import ClusterError, ClusterTimeout
from chalicelib.domain.kubeconfig import ClusterAccess


class Place:
    """Where a cluster is, as whoever is asked says; and the time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 1000.0
        self.error: Exception | None = None

    def connect(self) -> Connection:
        self.asked += 1
        if self.error:
            raise self.error
        return connection(ClusterAccess(server=f"http://{self.asked}.example"), Path("/"))

    def clock(self) -> float:
        return self.now


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def kept(place: Place) -> Kept:
    return Kept(place.connect, 300, place.clock)


def test_it_is_asked_for_once_in_its_time(place: Place, kept: Kept):
    first = kept()
    place.now += 299
    assert kept() is first
    place.now += 1
    assert kept().server == "http://2.example"
    assert kept().server == "http://2.example"


def test_one_that_is_kept_for_good_is_never_doubted(place: Place):
    kept = Kept(place.connect, clock=place.clock)
    first = kept()
    place.now += 10**9
    assert kept.doubt(first) is False
    assert kept() is first


def test_one_that_is_doubted_is_made_anew(place: Place, kept: Kept):
    first = kept()
    place.now += 30
    assert kept.doubt(first) is True
    assert place.asked == 1, "not before it is needed"
    assert kept().server == "http://2.example"


def test_a_cluster_that_refuses_everybody_is_no_flood_of_questions_to_aws(place: Place, kept: Kept):
    for _ in range(100):
        kept.doubt(kept())
        place.now += 1
    assert place.asked == 4


def test_who_doubts_an_old_one_is_given_what_there_is_now(place: Place, kept: Kept):
    first = kept()
    place.now += 30
    kept.doubt(first)
    second = kept()
    assert kept.doubt(first) is True
    assert kept() is second


def test_the_old_one_goes_on_when_no_new_one_is_to_be_had(place: Place, kept: Kept):
    first = kept()
    place.now, place.error = place.now + 300, ClusterError("throttled")
    assert kept() is first
    assert (kept(), place.asked) == (first, 2), "asked again after its time and not with every request"
    place.now, place.error = place.now + 300, None
    assert kept() is not first


def test_without_an_old_one_the_error_is_told_and_the_next_request_asks_again(place: Place, kept: Kept):
    place.error = ClusterError("throttled")
    for _ in range(2):
        with pytest.raises(ClusterError, match="throttled"):
            kept()
    place.error = None
    assert kept().server == "http://3.example"


def test_threads_that_need_it_at_once_ask_once(place: Place, kept: Kept):
    with ThreadPoolExecutor(8) as pool:
        assert len({id(one) for one in pool.map(lambda _: kept(), range(64))}) == 1
    assert place.asked == 1


def test_who_waits_for_another_to_connect_waits_no_longer_than_it_may():
    connecting, over = threading.Event(), threading.Event()

    def slow() -> Connection:
        connecting.set()
        over.wait(20)
        raise ClusterTimeout("slow")

    kept = Kept(slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(kept)
        connecting.wait(20)
        with within(0.05), pytest.raises(ClusterTimeout, match="no time left"):
            kept()
        over.set()
        assert isinstance(first.exception(), ClusterTimeout)
