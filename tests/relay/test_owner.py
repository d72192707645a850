"""Which relay owns a session, and what a relay believes of the others."""

import asyncio
from collections import Counter

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from relay.owner import Peers, owner_of
from tests.relay.conftest import served
from tests.relay.relay_process import running_relay

RELAYS = [f"http://relay-{number}:8090" for number in range(5)]
names = st.text("0123456789abcdef-", min_size=1)


@given(names, st.permutations(RELAYS))
def test_everybody_finds_the_same_owner(weaver_id: str, relays: list[str]) -> None:
    assert owner_of(weaver_id, relays) == owner_of(weaver_id, RELAYS)


@given(names, st.sampled_from(RELAYS))
def test_when_a_relay_goes_only_its_own_sessions_move(weaver_id: str, gone: str) -> None:
    before = owner_of(weaver_id, RELAYS)
    after = owner_of(weaver_id, [relay for relay in RELAYS if relay != gone])
    assert (after == before) == (before != gone)


def test_sessions_are_spread() -> None:
    counts = Counter(owner_of(str(number), RELAYS) for number in range(5_000))
    assert all(850 < counts[relay] < 1150 for relay in RELAYS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"LOOM_RELAY_PEERS": "relay-1:8090"}, "LOOM_RELAY_PEERS must be http"),
        ({"LOOM_RELAY_PEERS": "http://a,http://b"}, "LOOM_RELAY_SELF must be one of"),
        ({"LOOM_RELAY_PEERS": "http://a,http://b", "LOOM_RELAY_SELF": "http://c"}, "LOOM_RELAY_SELF must be one of"),
        (
            {"LOOM_RELAY_PEERS": "http://a", "LOOM_RELAY_SELF": "http://a"},
            "LOOM_RELAY_PEERS needs LOOM_RELAY_RESUME_KEY",
        ),
        ({"LOOM_RELAY_PEERS_SERVICE": "relays"}, "LOOM_RELAY_PEERS_SERVICE must be NAMESPACE/NAME"),
        ({"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_PEERS": "http://a"}, "LOOM_RELAY_PEERS_SERVICE exclude each"),
        ({"LOOM_RELAY_PEERS_SERVICE": "a/b"}, "LOOM_RELAY_SELF must be the http"),
        (
            {"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_SELF": "http://relay:8090"},
            "LOOM_RELAY_SELF must be the http",
        ),
        ({"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_SELF": "http://10.0.0.1"}, "LOOM_RELAY_SELF must be the http"),
        (
            {"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_SELF": "http://fd00::1:1"},
            "LOOM_RELAY_SELF must be the http",
        ),
        (
            {"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_SELF": "http://10.0.0.1:x"},
            "LOOM_RELAY_SELF must be the http",
        ),
        (
            {"LOOM_RELAY_PEERS_SERVICE": "a/b", "LOOM_RELAY_SELF": "http://[fd00::1]:1"},
            "SERVICE needs LOOM_RELAY_RESUME",
        ),
    ],
)
async def test_settings_that_cannot_be_used(environment: dict[str, str], changes: dict[str, str], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        async with running_relay({**environment, **changes}):
            pass


async def test_who_is_going_owns_nothing_while_another_one_stays() -> None:
    async with served(_healthy()) as other:
        peers = Peers("http://own", [other])
        await peers.start()
        mine, theirs = (_owned_by(url, "http://own", other) for url in ("http://own", other))
        peers.are({"http://own": True, other: False})
        assert (peers.owner(mine), peers.owner(theirs)) == (other, other)
        peers.are({"http://own": False, other: True})
        assert (peers.owner(mine), peers.owner(theirs)) == ("http://own", "http://own")
        assert peers.lives(other)  # whom it passed on is not cut: it sends them away itself
        peers.are({"http://own": True, other: True})
        assert peers.owns(mine)
        assert peers.owns(theirs)


async def test_who_they_are_may_change_while_they_are_looked_at() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def healthz(_: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.json_response({"status": "ok"})

    slow = web.Application()
    slow.router.add_get("/healthz", healthz)
    async with served(slow) as first, served(_healthy()) as second:
        peers = Peers("http://own", [first])
        looking = asyncio.create_task(peers.start())
        await asked.wait()
        peers.are({first: False, second: False})
        answer.set()
        await looking
        await peers.start()
        assert peers.living == 2


async def test_a_relay_that_is_no_more_among_them_is_none_even_if_it_answers() -> None:
    async with served(_healthy()) as other:
        peers = Peers("http://own", [other])
        await peers.start()
        assert (peers.lives(other), peers.living) == (True, 1)
        peers.are({"http://own": False})
        assert (peers.lives(other), peers.living) == (False, 0)
        peers.lost(other)
        assert peers.owns(_owned_by(other, "http://own", other))
        peers.are({"http://own": False, other: False})
        assert not peers.lives(other)  # until it was looked at again
        await peers.start()
        assert peers.lives(other)


def _healthy() -> web.Application:
    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    return app


def _owned_by(url: str, *relays: str) -> str:
    return next(str(number) for number in range(1000) if owner_of(str(number), relays) == url)
