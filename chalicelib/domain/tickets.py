"""Tickets: short-lived signed permission for one relay connection. The API signs them, the relay verifies them offline.

A ticket is a JWT (EdDSA over Ed25519, or ES256 where AWS KMS signs) with the claims of :class:`TicketClaims`; the public keys are published as a JWKS at
``/.well-known/jwks.json``. One use: the relay remembers ``jti`` until ``exp``.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

AUDIENCE: Final = "loom-relay"
ALGORITHM: Final = "EdDSA"
#: Where AWS KMS holds the key.
KMS_ALGORITHM: Final = "ES256"
#: What the relay accepts, each with a key of its own kind only. All asymmetric: the relay can verify and not sign.
ALGORITHMS: Final = frozenset({ALGORITHM, KMS_ALGORITHM})
LIFETIME: Final = timedelta(seconds=60)
#: How far the clocks of API and relay may differ.
LEEWAY: Final = timedelta(seconds=10)

TicketAction = Literal["attach", "exec", "logs", "events", "tcp"]
TicketRole = Literal["driver", "observer"]


class TicketClaims(BaseModel):
    """The claims of a ticket. ``iat`` and ``exp`` are seconds since the epoch (RFC 7519 §2)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    iss: str
    aud: Literal["loom-relay"] = AUDIENCE
    sub: str  # the principal's user id
    jti: str
    iat: int
    exp: int
    weaver_id: str
    action: TicketAction
    role: TicketRole
    weaver_expires_at: datetime
