"""Signs tickets with an Ed25519 key from a PEM file (PKCS #8) and publishes its public half."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.adapters.jwk import base64url, published
from chalicelib.domain.errors import Misconfigured
from chalicelib.domain.tickets import ALGORITHM, TicketClaims

if TYPE_CHECKING:  # imported when a key is used: most requests sign nothing
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class KeyFileSigner:
    """The TicketSigner of :mod:`chalicelib.services.ports`. A key that cannot be used raises Misconfigured."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sign(self, claims: TicketClaims) -> str:
        return jwt.encode(claims.model_dump(mode="json"), self._key, ALGORITHM, headers={"kid": self._jwk["kid"]})

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._jwk]}

    @cached_property
    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(self._path.read_bytes(), password=None)
        except (OSError, TypeError, ValueError) as error:  # TypeError: it is encrypted
            raise Misconfigured("LOOM_TICKET_KEY_FILE is no PEM file that can be read") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise Misconfigured("LOOM_TICKET_KEY_FILE has no Ed25519 key")
        return key

    @cached_property
    def _jwk(self) -> dict[str, str]:
        """RFC 8037 §2."""
        public = base64url(self._key.public_key().public_bytes_raw())
        return published({"crv": "Ed25519", "kty": "OKP", "x": public}, ALGORITHM)
