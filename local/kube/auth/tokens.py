"""Service account tokens: signed, for an audience, and worth nothing once what they are bound to is gone.

Refusals carry the recorded words (``tests/recordings/kubernetes/tokens``). Kubernetes goes on accepting a deleted pod's token for up to
ten seconds, out of a cache; here it ends with the pod.
"""

import json
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from local.kube.auth.users import User, service_account
from local.kube.objects import Object, utc_now
from local.kube.registry import Registry

ISSUER: Final = "https://kubernetes.default.svc"
_KEY_BITS: Final = 2048
_ID: Final = "authentication.kubernetes.io/"


class InvalidToken(Exception):
    """With what TokenReview says about it."""


class ServiceAccountTokens:
    """Issues and verifies. The key lives as long as the server."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    @cached_property
    def _key_id(self) -> str:
        return uuid.uuid4().hex

    def issue(
        self, account: Object, *, audiences: Sequence[str] = (ISSUER,), seconds: int = 3600, pod: Object | None = None
    ) -> str:
        """A token of ``account`` for ``audiences``, valid for ``seconds`` and, if bound, while ``pod`` exists."""
        metadata, now = account["metadata"], int(utc_now().timestamp())
        claims: dict[str, Any] = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {
                "namespace": metadata["namespace"],
                **self._bound_to(pod),
                "serviceaccount": _id(account),
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id, "typ": None})

    def verify(self, token: str, audiences: Sequence[str]) -> tuple[User, list[str]]:
        """Whose it is, and for which of ``audiences``. Raises InvalidToken."""
        claims = self._signed(token)
        common = [audience for audience in claims["aud"] if audience in audiences]
        if not common:
            target = f"is invalid for the target audiences {_go_list(audiences)}"
            raise InvalidToken(f"[invalid bearer token, token audiences {_go_list(claims['aud'])} {target}]")
        if utc_now().timestamp() > claims["exp"]:
            raise InvalidToken("[invalid bearer token, service account token has expired]")
        private = claims["kubernetes.io"]
        self._require_there("serviceaccounts", private["namespace"], private["serviceaccount"])
        extra = {f"{_ID}credential-id": (f"JTI={claims['jti']}",)}
        if pod := private.get("pod"):
            self._require_there("pods", private["namespace"], pod)
            for kind in ("node", "pod"):
                for part in ("name", "uid") if kind in private else ():
                    extra[f"{_ID}{kind}-{part}"] = (private[kind][part],)
        account = private["serviceaccount"]
        return service_account(private["namespace"], account["name"], account["uid"], extra), common

    def _signed(self, token: str) -> dict[str, Any]:
        """The claims of a token that this server signed."""
        try:
            claimed = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise InvalidToken("invalid bearer token") from error
        if claimed.get("iss") != ISSUER:
            raise InvalidToken("invalid bearer token")
        # What else must hold is checked in Kubernetes' order, by the caller.
        checks: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
        try:
            found: dict[str, Any] = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], options=checks)
        except jwt.InvalidTokenError as error:
            why = "go-jose/go-jose: error in cryptographic primitive"
            raise InvalidToken(f"[invalid bearer token, {why}]") from error
        return found

    def _bound_to(self, pod: Object | None) -> Object:
        if pod is None:
            return {}
        node = self._registry.find("nodes", "", pod["spec"].get("nodeName", ""))
        return {**({"node": _id(node)} if node else {}), "pod": _id(pod)}

    def _require_there(self, resource: str, namespace: str, claimed: Object) -> None:
        found = self._registry.find(resource, namespace, claimed["name"])
        if found is None or found["metadata"]["uid"] != claimed["uid"]:
            raise InvalidToken("[invalid bearer token, service account token has been invalidated]")


def _id(found: Object) -> Object:
    return {"name": found["metadata"]["name"], "uid": found["metadata"]["uid"]}


def _go_list(values: Sequence[str]) -> str:
    """As Go's ``%q`` shows strings."""
    return "[" + " ".join(json.dumps(value) for value in values) + "]"
