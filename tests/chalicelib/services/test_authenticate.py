import pytest

from chalicelib.domain.errors import Unauthorized
from chalicelib.services.authenticate import Authenticate, token_hash
from tests.chalicelib.fakes import FakeTokenStore
from tests.chalicelib.samples import ALICE

TOKEN = "loom_0123456789abcdef"  # an example, no secret


@pytest.fixture
def authenticate() -> Authenticate:
    tokens = FakeTokenStore()
    tokens.add(token_hash(TOKEN), ALICE)
    return Authenticate(tokens)


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_a_known_token_tells_who_asks(authenticate, header):
    assert authenticate(header) == ALICE


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer{TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
     f"Bearer {token_hash(TOKEN)}", f"Bearer {TOKEN} {TOKEN}", "Bearer \ud800"],
)  # fmt: skip
def test_anything_else_is_unauthorized_and_not_repeated(authenticate, header):
    with pytest.raises(Unauthorized) as refused:
        authenticate(header)
    assert TOKEN[:-1] not in str(refused.value)


def test_the_store_never_sees_a_token(authenticate):
    assert list(authenticate.tokens.principals) == [token_hash(TOKEN)]
    assert TOKEN not in token_hash(TOKEN)
    assert len(token_hash(TOKEN)) == 64
