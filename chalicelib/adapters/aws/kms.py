"""Signs tickets with a key that never leaves AWS KMS, and publishes its public half.

ES256 (RFC 7518 §3.4): KMS has Ed25519 too, but nothing that could be tried here without an account signs with it.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws.clients import Aws, passes, told
from chalicelib.adapters.jwk import base64url, published
from chalicelib.domain.errors import Misconfigured, RetryLater
from chalicelib.domain.tickets import KMS_ALGORITHM, TicketClaims

#: Of the key, of a signature, and of half of either: a coordinate, or a number of the pair that is a signature.
_KEY_SPEC: Final = "ECC_NIST_P256"
_SIGNING_ALGORITHM: Final = "ECDSA_SHA_256"
_HALF: Final = 32
#: What stands before the point in the public key of any such key (RFC 5480 §2): its kind and curve, and that the point is whole.
_BEFORE_POINT: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


@dataclass(frozen=True)
class _PublicKey:
    """``arn`` is of the very key: what the setting names may be an alias, which can come to mean another one."""

    arn: str
    jwk: dict[str, str]


class KmsSigner:
    """The TicketSigner of :mod:`chalicelib.services.ports`, with the key that ``key`` names: an id, an ARN or an alias.

    A key that cannot be used raises Misconfigured, a KMS that does not answer RetryLater.
    """

    def __init__(self, aws: Aws, key: str) -> None:
        self._aws = aws
        self._name = key

    def sign(self, claims: TicketClaims) -> str:
        header = {"alg": KMS_ALGORITHM, "kid": self._key.jwk["kid"], "typ": "JWT"}
        body = claims.model_dump(mode="json")
        message = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, body))
        signed = self._ask(
            "sign", self._key.arn, Message=message.encode(), MessageType="RAW", SigningAlgorithm=_SIGNING_ALGORITHM
        )
        return f"{message}.{base64url(raw_signature(signed['Signature']))}"

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key.jwk]}

    @cached_property
    def _key(self) -> _PublicKey:
        answer = self._ask("get_public_key", self._name)
        der = answer["PublicKey"]
        if answer.get("KeyUsage") != "SIGN_VERIFY" or not der.startswith(_BEFORE_POINT):
            raise Misconfigured(f"LOOM_TICKET_KMS_KEY must be a key of the kind {_KEY_SPEC}, made for SIGN_VERIFY")
        point = der[len(_BEFORE_POINT) :]
        x, y = base64url(point[:_HALF]), base64url(point[_HALF:])
        return _PublicKey(answer["KeyId"], published({"crv": "P-256", "kty": "EC", "x": x, "y": y}, KMS_ALGORITHM))

    def _ask(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        try:
            return self._aws.ask("kms", operation, KeyId=key, **parameters)
        except (BotoCoreError, ClientError) as error:
            if passes(error):
                raise RetryLater("the key of tickets cannot be asked now; try again") from error
            raise Misconfigured(f"the key of LOOM_TICKET_KMS_KEY cannot be used: {told(error)}") from error


def raw_signature(der: bytes) -> bytes:
    """As JOSE has it (RFC 7518 §3.4): r and s, 32 bytes each. ``der`` is KMS' (RFC 3279 §2.2.3): a sequence of two integers."""
    length_of_r = der[3]
    r, s = der[4 : 4 + length_of_r], der[6 + length_of_r :]
    return b"".join(int.from_bytes(number, "big").to_bytes(_HALF, "big") for number in (r, s))
