"""Which relay owns a session, and what a relay believes of the others."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.owner import owner_of
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
        ({"LOOM_RELAY_PEERS": "http://a", "LOOM_RELAY_SELF": "http://a"}, "needs LOOM_RELAY_RESUME_KEY"),
    ],
)
async def test_settings_that_cannot_be_used(environment: dict[str, str], changes: dict[str, str], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        async with running_relay({**environment, **changes}):
            pass
