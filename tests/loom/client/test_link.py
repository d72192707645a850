"""When a link counts as lost, and when it gives up, with short times."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from loom.client.api import Ticket
from loom.client.errors import ConnectionLost
from loom.client.link import KEPT_LIMIT, Back, Event, Link, Lost, Pace
from loom.client.relay import connect
from tests.loom.client.test_relay import server
from tests.loom.stand_in import Session, relay_server


@contextmanager
def linked(ticket: Ticket, **pace: float) -> Iterator[Link]:
    with closing(Link(ticket.url, connect(ticket), lambda: ticket, Pace(**pace))) as link:
        yield link


def until(link: Link, kind: type) -> Event:
    """The first event of that kind."""
    while True:
        read, write, timeout = link.watch(reading=True)
        select.select(read, write, [], timeout)
        for event in link.turn(reading=True):
            if isinstance(event, kind):
                return event


def test_a_relay_that_falls_silent_counts_as_lost_and_is_asked_again():
    done = threading.Event()

    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer)
        done.wait(30)

    with server(script) as ticket, linked(ticket, ping_every=0.05, silence=0.2, give_up=0.2, connect=0.1) as link:
        assert until(link, Lost) == Lost("the relay does not answer any more")
        with pytest.raises(ConnectionLost, match=r"cannot reach the relay .* tried for"):
            until(link, Back)
        done.set()


def test_a_relay_that_answers_pings_is_not_lost():
    done = threading.Event()

    def script(_session: Session) -> None:
        done.wait(30)

    with relay_server() as relay:
        relay.script = script
        with linked(Ticket(relay.url, "ticket"), ping_every=0.1, silence=0.5) as link:
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                read, write, timeout = link.watch(reading=True)
                select.select(read, write, [], timeout)
                assert link.turn(reading=True) == []
        done.set()


def test_not_reading_is_no_silence():
    done = threading.Event()

    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer)
        done.wait(30)

    with server(script) as ticket, linked(ticket, ping_every=0.01, silence=0.03) as link:
        for _ in range(20):
            read, write, timeout = link.watch(reading=False)
            select.select(read, write, [], timeout)
            assert link.turn(reading=False) == []
        done.set()


def test_what_is_kept_is_bounded():
    def script(client: socket.socket, answer: bytes) -> None:
        client.sendall(answer)

    with server(script) as ticket, linked(ticket) as link:
        until(link, Lost)
        link.type(b"x" * (KEPT_LIMIT - 1))
        assert link.room
        link.type(b"y")
        assert not link.room
        assert link.undelivered == KEPT_LIMIT
