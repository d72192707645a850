"""Typed bytes over connections that are cut anywhere: each arrives once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from loom.wire import Accepted, Outgoing
from loom.wire.delivery import REMEMBERED


class Delivery(RuleBasedStateMachine):
    """A client that types, a server that takes and sends on to a container, and wires that may break with things on them."""

    def __init__(self):
        super().__init__()
        self.client, self.server = Outgoing(), Accepted()
        self.typed = bytearray()
        self.waiting: list[
            tuple[int, bytes]
        ] = []  # taken by the server, not sent on yet, each with the position after it
        self.sent_on: list[tuple[int, bytes]] = []
        self.arrived = bytearray()
        self.number = 0
        self.broken()

    def broken(self) -> None:
        self.there: list[bytes] = []
        self.back: list[int] = []

    @rule(count=st.integers(1, 20))
    def types(self, count):
        data = bytes((self.number + index) % 256 for index in range(count))
        self.number += count
        self.typed += data
        self.client.type(data)

    @rule(most=st.integers(1, 10))
    def client_sends(self, most):
        if data := self.client.take(most):
            self.there.append(data)

    @rule()
    def server_takes(self):
        if self.there:
            new = self.server.new(self.there.pop(0))
            end = self.server.take(len(new))
            if new:
                self.waiting.append((end, new))

    @rule()
    def server_drops_what_it_was_reading(self):
        """It hears of a frame, and the connection is replaced before the frame was taken."""
        if self.there:
            self.server.new(self.there.pop(0))
            self.cut()

    @rule()
    def server_sends_on(self):
        if self.waiting:
            self.sent_on.append(self.waiting.pop(0))
            self.server.finish(self.sent_on[-1][0])

    @rule()
    def container_gets(self):
        """What it got before it leaves out."""
        if self.sent_on:
            end, data = self.sent_on.pop(0)
            self.arrived += data[max(0, len(self.arrived) - (end - len(data))) :]

    @rule()
    def server_acknowledges(self):
        self.back.append(self.server.position)

    @rule()
    def client_hears(self):
        if self.back:
            self.client.acknowledge(self.back.pop(0))

    @rule()
    def cut(self):
        self.broken()
        assert self.client.resume(self.server.resume())

    @rule()
    def server_drains_and_another_takes_over(self):
        """What waits is given back, the last word says so, and nothing that was on the wire is taken any more."""
        for end, data in self.waiting:
            self.server.give_back(end - len(data))
        for position in [*self.back, self.server.last_word()]:
            self.client.acknowledge(position)
        self.client.settle()
        self.another_takes_over()

    @rule(lost=st.booleans())
    def server_is_killed_and_another_takes_over(self, lost):
        """What it sent on may be lost with it, or arrive after the next one asked how much came."""
        if lost:
            self.sent_on = []
        self.another_takes_over()

    def another_takes_over(self) -> None:
        self.waiting = []
        self.broken()
        self.server = Accepted(len(self.arrived))
        assert self.client.resume(len(self.arrived))

    @invariant()
    def once_and_in_order(self):
        assert self.typed.startswith(self.arrived)

    def teardown(self):
        self.cut()
        while self.client.unsent:
            self.client_sends(7)
        while self.there:
            self.server_takes()
        while self.waiting:
            self.server_sends_on()
        while self.sent_on:
            self.container_gets()
        self.client.acknowledge(self.server.position)
        assert self.arrived == self.typed
        assert self.client.kept == 0


TestDelivery = Delivery.TestCase


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.data())
def test_after_a_restart_what_may_have_arrived_is_not_sent_again(pieces, data):
    outgoing = Outgoing()
    for piece in pieces:
        outgoing.type(piece)
    typed = b"".join(pieces)
    sent = b""
    while outgoing.unsent and data.draw(st.booleans()):
        sent += outgoing.take(data.draw(st.integers(1, 5)))
    acknowledged = data.draw(st.integers(0, len(sent)))
    outgoing.acknowledge(acknowledged)
    assert outgoing.restart() == len(sent) - acknowledged
    assert outgoing.take(1000) == typed[len(sent) :]


@pytest.mark.parametrize("position", [4, 100])
def test_a_server_that_acknowledges_what_was_not_sent(position):
    outgoing = Outgoing()
    outgoing.type(b"abcdef")
    outgoing.take(3)
    with pytest.raises(ValueError, match="more was acknowledged"):
        outgoing.acknowledge(position)
    with pytest.raises(ValueError, match="more was acknowledged"):
        outgoing.resume(position)


def all_but_gh_acknowledged() -> Outgoing:
    """Of bytes of which the first six are not kept any more."""
    outgoing = Outgoing()
    outgoing.type(bytes(REMEMBERED) + b"abcdefgh")
    while outgoing.take(1 << 16):
        pass
    outgoing.acknowledge(REMEMBERED + 6)
    assert outgoing.kept == 2
    return outgoing


def test_more_was_lost_than_is_kept():
    outgoing = all_but_gh_acknowledged()
    assert not outgoing.resume(5)
    outgoing.type(b"ij")
    assert outgoing.restart() == REMEMBERED + 2  # all of it is told
    assert outgoing.take(100) == b"ij"


def test_all_that_is_kept_was_lost():
    outgoing = all_but_gh_acknowledged()
    assert outgoing.resume(6)
    rest = b"".join(iter(lambda: outgoing.take(1 << 16), b""))
    assert rest == bytes(REMEMBERED - 6) + b"abcdefgh"
    outgoing.acknowledge(REMEMBERED + 8)
    assert outgoing.kept == 0


def test_a_server_that_does_not_acknowledge_and_then_knows_nothing():
    outgoing = Outgoing()
    outgoing.type(b"abc")
    outgoing.take(2)
    outgoing.forget_sent()
    assert (outgoing.kept, outgoing.restart()) == (1, 0)
    assert outgoing.take(10) == b"c"
