"""A ticket is signed as the published key signs, and in no other way: whoever has only what is published signs nothing.

The attacks are those of RFC 8725 §2.1 and of RFC 7515 §4.1: `none`, a public key taken for a secret, a key that the ticket brings.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.relay.setup import Setup
from tests.relay.test_doors import refused_ticket

P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
Make = Callable[[Setup, dict[str, Any]], str]


def encoded(part: dict[str, Any] | bytes) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A JWS by hand: libraries refuse to make the bad ones."""
    message = f"{encoded({'typ': 'JWT', **header})}.{encoded(claims)}"
    return f"{message}.{encoded(sign(message.encode()))}"


def with_secret(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.digest(secret, message, hashlib.sha256)


def publish(setup: Setup) -> None:
    """Beside the Ed25519 key, one of KMS'."""
    jwk = {**ECAlgorithm.to_jwk(P256.public_key(), as_dict=True), "kid": "kms", "alg": "ES256", "use": "sig"}
    setup.control_plane.more_keys = [jwk]


async def test_either_kind_of_key_opens_with_its_own_algorithm(setup: Setup) -> None:
    publish(setup)
    await setup.running()
    claims = setup.control_plane.claims(setup.weaver_id)
    for ticket in (
        jwt.encode(claims, P256, "ES256", headers={"kid": "kms"}),
        setup.control_plane.ticket(setup.weaver_id),
    ):
        viewer = await setup.relay.viewer(setup.weaver_id, ticket)
        await viewer.until(status="running")


def _none(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"alg": "none", "kid": "kms"}, claims, lambda _: b"")


def _public_key_as_secret(setup: Setup, claims: dict[str, Any]) -> str:
    pem = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return signed({"alg": "HS256", "kid": "kms"}, claims, with_secret(pem))


def _raw_public_key_as_secret(setup: Setup, claims: dict[str, Any]) -> str:
    raw = setup.control_plane.key.public_key().public_bytes_raw()
    return signed({"alg": "HS256", "kid": setup.control_plane.kid}, claims, with_secret(raw))


def _no_secret(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"alg": "HS256"}, claims, with_secret(b""))


def _the_other_key(setup: Setup, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, P256, "ES256", headers={"kid": setup.control_plane.kid})


def _the_other_algorithm(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"alg": "ES256", "kid": setup.control_plane.kid}, claims, setup.control_plane.key.sign)


def _an_algorithm_in_lower_case(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"alg": "eddsa", "kid": setup.control_plane.kid}, claims, setup.control_plane.key.sign)


def _no_algorithm(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"kid": setup.control_plane.kid}, claims, setup.control_plane.key.sign)


def _a_key_of_its_own(setup: Setup, claims: dict[str, Any]) -> str:
    own = Ed25519PrivateKey.generate()
    jwk = OKPAlgorithm.to_jwk(own.public_key(), as_dict=True)
    return signed({"alg": "EdDSA", "kid": setup.control_plane.kid, "jwk": jwk}, claims, own.sign)


def _a_signature_as_openssl_writes_it(setup: Setup, claims: dict[str, Any]) -> str:

    return signed({"alg": "ES256", "kid": "kms"}, claims, lambda message: P256.sign(message, ec.ECDSA(SHA256())))


def _zeros(setup: Setup, claims: dict[str, Any]) -> str:
    return signed({"alg": "ES256", "kid": "kms"}, claims, lambda _: bytes(64))


@pytest.mark.parametrize(
    "make",
    [
        _none, _public_key_as_secret, _raw_public_key_as_secret, _no_secret, _the_other_key, _the_other_algorithm,
        _an_algorithm_in_lower_case, _no_algorithm, _a_key_of_its_own, _a_signature_as_openssl_writes_it, _zeros,
    ],
)  # fmt: skip
async def test_a_ticket_signed_in_another_way(setup: Setup, make: Make) -> None:
    publish(setup)
    answer = await refused_ticket(setup, make(setup, setup.control_plane.claims(setup.weaver_id)))
    assert answer[:2] == (401, "unauthorized")


def _p384() -> tuple[dict[str, Any], Any, str]:
    return ECAlgorithm.to_jwk(P384.public_key(), as_dict=True), P384, "ES384"


def _rsa() -> tuple[dict[str, Any], Any, str]:
    key = rsa.generate_private_key(65537, 2048)
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), key, "RS256"


def _shared() -> tuple[dict[str, Any], Any, str]:
    secret = b"a secret of thirty-two bytes ..."
    return {"kty": "oct", "k": encoded(secret)}, secret, "HS256"


@pytest.mark.parametrize("kind", [_p384, _rsa, _shared])
async def test_a_published_key_of_a_kind_that_the_api_does_not_sign_with(
    setup: Setup, kind: Callable[[], tuple[dict[str, Any], Any, str]]
) -> None:
    jwk, key, algorithm = kind()
    setup.control_plane.more_keys = [{**jwk, "kid": "odd", "alg": algorithm}]
    ticket = jwt.encode(setup.control_plane.claims(setup.weaver_id), key, algorithm, headers={"kid": "odd"})
    assert (await refused_ticket(setup, ticket))[:2] == (401, "unauthorized")
