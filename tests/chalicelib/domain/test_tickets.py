from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.domain.tickets import ALGORITHM, AUDIENCE, LEEWAY, LIFETIME, TicketClaims
from tests.chalicelib.samples import NOW

CLAIMS: dict[str, Any] = {
    "iss": "https://loom.example",
    "aud": "loom-relay",
    "sub": "user-alice",
    "jti": "j1",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 60,
    "weaver_id": "019ca945-0a00-736c-83c6-a7135a4130b7",
    "action": "attach",
    "role": "observer",
    "weaver_expires_at": "2026-03-01T16:00:00Z",
}


def test_claims_survive_the_journey():
    claims = TicketClaims.model_validate(CLAIMS)
    assert TicketClaims.model_validate_json(claims.model_dump_json()) == claims
    assert claims.weaver_expires_at.isoformat() == "2026-03-01T16:00:00+00:00"


def test_a_newer_api_may_say_more():
    assert TicketClaims.model_validate(CLAIMS | {"later": 1}) == TicketClaims.model_validate(CLAIMS)


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "another"}, {"action": "delete"}, {"role": "owner"}, {"exp": "soon"}, {"weaver_expires_at": "never"}],
)
def test_claims_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValidationError):
        TicketClaims.model_validate(CLAIMS | wrong)


@pytest.mark.parametrize("missing", sorted(set(CLAIMS) - {"aud"}))
def test_every_claim_is_needed(missing):
    with pytest.raises(ValidationError):
        TicketClaims.model_validate({name: value for name, value in CLAIMS.items() if name != missing})


def test_what_api_and_relay_agree_on():
    """DESIGN §5: 60 seconds. An asymmetric algorithm, so that the relay can verify and not sign."""
    assert (AUDIENCE, ALGORITHM, LIFETIME.total_seconds()) == ("loom-relay", "EdDSA", 60)
    assert LEEWAY < LIFETIME
