"""Deadlines nest, end, and go along with the work of other threads."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from chalicelib.adapters.deadline import carried, left, within


def test_without_a_deadline_there_is_no_end():
    assert left() == math.inf


def test_the_nearer_deadline_holds():
    with within(60):
        with within(5):
            assert 0 < left() <= 5
        assert 5 < left() <= 60
        with within(600):
            assert left() <= 60
    assert left() == math.inf


def test_what_is_over_is_over():
    with within(0):
        assert left() == 0


def test_work_in_other_threads_has_the_deadline_of_who_gave_it():
    with ThreadPoolExecutor(2) as pool:
        with within(5):
            told = list(pool.map(carried(lambda _: left()), range(8)))
        assert all(0 < seconds <= 5 for seconds in told)
        assert list(pool.map(lambda _: left(), range(8))) == [math.inf] * 8


def test_work_in_other_threads_has_all_else_that_belongs_to_the_request():
    about: ContextVar[str] = ContextVar("about", default="nothing")
    with ThreadPoolExecutor(2) as pool:
        about.set("a request")
        assert list(pool.map(carried(lambda _: about.get()), range(8))) == ["a request"] * 8
        assert pool.submit(about.get).result() == "nothing"
