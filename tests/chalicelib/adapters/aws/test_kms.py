"""Tickets signed by a key in KMS, as moto has it, against what the relay takes."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.aws.clients import Aws
from chalicelib.adapters.aws.kms import KmsSigner, raw_signature
from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.errors import Misconfigured, RetryLater
from chalicelib.domain.tickets import AUDIENCE, TicketClaims
from tests.chalicelib.domain.test_tickets import CLAIMS

TICKET = TicketClaims.model_validate(CLAIMS)


def key(aws: Aws, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    """The ARN of a new key."""
    return str(aws.ask("kms", "create_key", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"])


def verified(ticket: str, jwks: dict[str, Any]) -> dict[str, Any]:
    """The claims, as whoever has the published keys reads them."""
    published = {one.key_id: one for one in jwt.PyJWKSet.from_dict(jwks).keys}[jwt.get_unverified_header(ticket)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(ticket, published, ["ES256"], audience=AUDIENCE, options=options)
    return claims


def test_a_ticket_is_verified_with_the_published_key(aws: Aws):
    signer = KmsSigner(aws, key(aws))
    for _ in range(
        20
    ):  # r or s begins with a zero byte in one of 128 signatures, and is written longer in half of them
        assert verified(signer.sign(TICKET), signer.jwks()) == TICKET.model_dump(mode="json")


def test_a_ticket_that_was_changed_is_not(aws: Aws):
    signer = KmsSigner(aws, key(aws))
    header, _, signature = signer.sign(TICKET).split(".")
    _, changed, _ = signer.sign(TICKET.model_copy(update={"role": "driver"})).split(".")
    with pytest.raises(jwt.InvalidSignatureError):
        verified(f"{header}.{changed}.{signature}", signer.jwks())


def test_what_is_published_is_public_and_says_what_it_is_for(aws: Aws):
    signer = KmsSigner(aws, key(aws))
    (published,) = signer.jwks()["keys"]
    assert published.keys() == {"crv", "kty", "x", "y", "kid", "use", "alg"}
    assert (published["kty"], published["crv"], published["use"], published["alg"]) == ("EC", "P-256", "sig", "ES256")
    assert KmsSigner(aws, key(aws)).jwks()["keys"][0]["kid"] != published["kid"]


def test_an_alias_that_comes_to_mean_another_key_does_not_part_tickets_from_what_is_published(aws: Aws):
    first, second = key(aws), key(aws)
    aws.ask("kms", "create_alias", AliasName="alias/tickets", TargetKeyId=first)
    signer = KmsSigner(aws, "alias/tickets")
    verified(signer.sign(TICKET), signer.jwks())
    aws.ask("kms", "update_alias", AliasName="alias/tickets", TargetKeyId=second)
    verified(signer.sign(TICKET), signer.jwks())


def test_the_public_key_is_asked_for_once(aws: Aws):
    asked: list[str] = []
    aws.client("kms").meta.events.register("before-call.kms", lambda model, **_: asked.append(model.name))
    signer = KmsSigner(aws, key(aws))
    asked.clear()
    for _ in range(2):
        signer.sign(TICKET)
        signer.jwks()
    assert asked == ["GetPublicKey", "Sign", "Sign"]


@pytest.mark.parametrize("spec", ["ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048"])
def test_a_key_of_another_kind(aws: Aws, spec: str):
    with pytest.raises(Misconfigured, match=r"LOOM_TICKET_KMS_KEY.*ECC_NIST_P256"):
        KmsSigner(aws, key(aws, spec)).sign(TICKET)


def test_a_key_that_is_none_is_told_without_the_account(aws: Aws):
    with pytest.raises(Misconfigured, match="LOOM_TICKET_KMS_KEY") as raised:
        KmsSigner(aws, "alias/nothing").jwks()
    assert raised.value.message.endswith("NotFoundException")


def test_a_kms_that_is_not_there(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RetryLater):
        KmsSigner(Aws("eu-west-1"), "alias/tickets").jwks()


def test_the_setting_that_names_the_key(aws: Aws):
    plane = ControlPlane({"LOOM_TICKET_KMS_KEY": key(aws), "AWS_REGION": aws.region})
    verified(plane.signer.sign(TICKET), plane.signer.jwks())


@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_a_signature_is_written_in_64_bytes(r: int, s: int):
    assert raw_signature(encode_dss_signature(r, s)) == r.to_bytes(32, "big") + s.to_bytes(32, "big")
