"""From a bearer token to the principal it belongs to."""

import hashlib
from dataclasses import dataclass

from chalicelib.domain.errors import Unauthorized
from chalicelib.domain.permissions import Principal
from chalicelib.services.ports import TokenStore


def token_hash(token: str) -> str:
    """What is stored of a token. Tokens are long and random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Authenticate:
    """The use case."""

    tokens: TokenStore

    def __call__(self, authorization: str | None) -> Principal:
        """The principal of an ``Authorization`` header (RFC 6750 §2.1). Raises Unauthorized."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("send a bearer token in the Authorization header")
        principal = self.tokens.principal(token_hash(token.strip()))
        if principal is None:
            raise Unauthorized("the bearer token is not known")
        return principal
