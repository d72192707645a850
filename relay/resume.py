"""Resume tokens: with one, a viewer whose connection broke comes back as the same viewer.

A JWT (HS256) that only relays make and read. It says who the viewer is and what its ticket allowed; it is no permission by
itself: whether the viewer still may is asked again whenever it comes (:mod:`relay.admission`).
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from loom.wire import Role

#: Longer than clients try to come back, after the last renewal.
LIFETIME: Final = timedelta(minutes=15)
#: How often a live connection gets a new one.
RENEW_EVERY: Final = timedelta(minutes=5)
_AUDIENCE: Final = "loom-relay-resume"
_ALGORITHM: Final = "HS256"


class ResumeClaims(BaseModel):
    """Who comes back. ``may`` is the most that the viewer's ticket allowed, ``role`` what it was last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    viewer_id: str
    input_id: str  # of what it types
    weaver_id: str
    sub: str  # the user's id
    may: Role
    role: Role


class ResumeTokens:
    """Signs and reads. ``key`` is the deployment's secret, the same for all its relays; without one, tokens end with this process."""

    def __init__(self, key: str | None, now: Callable[[], datetime]) -> None:
        secret = key.encode() if key else secrets.token_bytes(32)
        self._key = hashlib.sha256(b"loom relay resume tokens\0" + secret).digest()
        self._now = now

    def issue(self, claims: ResumeClaims) -> str:
        """A token that is good for LIFETIME."""
        expires_at = int((self._now() + LIFETIME).timestamp())
        body = {**claims.model_dump(), "aud": _AUDIENCE, "exp": expires_at}
        return jwt.encode(body, self._key, _ALGORITHM)

    def read(self, token: str) -> ResumeClaims | None:
        """What the token says; None for one that is none of ours, or too old."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "aud"], "verify_exp": False},
            )
            if claims["exp"] <= self._now().timestamp():
                return None
            return ResumeClaims.model_validate(claims)
        except (jwt.PyJWTError, ValidationError, TypeError):
            return None
