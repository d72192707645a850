import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.errors import AmbiguousId, InvalidRequest, NotFound
from chalicelib.domain.ids import is_full_id, new_weaver_id, pod_name, resolve, short_id

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # given a zone
RANDOMNESS = st.binary(min_size=10, max_size=10)


@dataclass(frozen=True)
class One:
    """As much of a weaver as resolving sees."""

    id: str
    name: str | None = None


A = One("019ca945-0a00-736c-83c6-a7135a4130b7", "api")
B = One("019ca945-0a00-736c-83c6-a713deadbeef", "api-two")
C = One("019ca945-1b11-736c-83c6-a7135a4139c8")
ALL = [A, B, C]


@given(MOMENTS, RANDOMNESS)
def test_an_id_is_a_uuid7_that_holds_its_moment_and_all_the_randomness_that_fits(now, randomness):
    made = uuid.UUID(new_weaver_id(now, randomness))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    milliseconds = made.int >> 80
    assert abs(milliseconds - now.timestamp() * 1000) <= 1
    random_bits = made.int & ((1 << 62) - 1)
    assert random_bits == int.from_bytes(randomness, "big") & ((1 << 62) - 1)
    assert (made.int >> 64) & 0xFFF == int.from_bytes(randomness, "big") >> 64 & 0xFFF


@given(MOMENTS, RANDOMNESS, RANDOMNESS, st.integers(1, 10**9))
def test_ids_sort_by_their_moment(now, one, other, later):
    assert new_weaver_id(now, one) < new_weaver_id(now + timedelta(milliseconds=later + 1), other)


@given(MOMENTS, RANDOMNESS)
def test_every_id_is_known_for_one(now, randomness):
    made = new_weaver_id(now, randomness)
    assert is_full_id(made)
    assert made.endswith(short_id(made))
    assert len(short_id(made)) == 8
    assert pod_name(made) == f"weaver-{made}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api",
        A.id[:-1],
        A.id + "0",
        A.id.upper(),
        A.id.replace("-", ""),
        A.id + "\n",
        "5687e256-4e04-49e0-9973-06c219672f5e",
        f"weaver-{A.id}",
    ],
)
def test_what_is_no_full_id(text):
    assert not is_full_id(text)


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        (A.id, A),
        ("5a4130b7", A),
        ("api", A),  # though it is a prefix of another's name
        ("api-", B),
        ("dead", B),
        ("019ca945-1", C),
        ("5a4139", C),
        ("5a4139c8", C),
    ],
)
def test_what_a_reference_means(reference, meant):
    assert resolve(reference, ALL) is meant
    assert resolve(reference, ALL[::-1]) is meant


@pytest.mark.parametrize("reference", ["", "x", "None", "130b7", "API", "api ", A.id + "0", "*"])
def test_what_means_nothing(reference):
    with pytest.raises(NotFound):
        resolve(reference, ALL)


@pytest.mark.parametrize(
    ("reference", "candidates"), [("019ca945", [A, B, C]), ("5a413", [A, C]), ("019ca945-0a00", [A, B]), ("ap", [A, B])]
)
def test_what_could_mean_several_lists_them(reference, candidates):
    with pytest.raises(AmbiguousId) as error:
        resolve(reference, ALL)
    told = [{"id": one.id, "short_id": one.id[-8:], "name": one.name} for one in candidates]
    assert error.value.details == {"candidates": told}
    for one in candidates:
        assert short_id(one.id) in error.value.message


def test_two_of_one_name_are_ambiguous():
    twin = One("019ca945-2222-736c-83c6-a7135a41ffff", "api")
    with pytest.raises(AmbiguousId):
        resolve("api", [A, twin])


@given(st.lists(st.tuples(MOMENTS, RANDOMNESS), min_size=1, max_size=5, unique=True), st.integers(1, 36))
def test_a_prefix_never_means_one_that_does_not_begin_so(parts, length):
    everyone = [One(new_weaver_id(now, randomness)) for now, randomness in parts]
    prefix = everyone[0].id[:length]
    fitting = {one.id for one in everyone if one.id.startswith(prefix) or short_id(one.id).startswith(prefix)}
    try:
        assert {resolve(prefix, everyone).id} <= fitting
    except AmbiguousId as error:
        told = error.details["candidates"]
        assert {one["id"] for one in told} <= fitting, told  # either answer is right for some prefixes
        assert len(told) > 1


@given(st.text(st.sampled_from("0123456789abcdefgz-"), min_size=1, max_size=40))
def test_no_name_looks_like_an_id(name):
    try:
        parse_create_request({"name": name})
    except InvalidRequest:
        return
    assert set(name) - set("0123456789abcdef-")
