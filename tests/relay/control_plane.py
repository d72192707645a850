"""A control plane with nothing behind it: real keys, real tickets, over real HTTP."""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chalicelib.domain.tickets import TicketClaims

USER_TOKEN = "a-users-token"
RELAY_TOKEN = "the-relays-own-token"


class ControlPlane:
    """Signs tickets for tests, and answers the relay."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.kid = "key-1"
        self.more_keys: list[dict[str, Any]] = []  # published beside it, as JWKs
        self.key_requests = 0
        self.names: dict[str, str] = {}  # what may stand for a weaver id
        self.weaver: dict[str, Any] = {
            "owner_user_id": "user-1",
            "org_id": "org",
            "status": "running",
            "ended_at": None,
        }
        self.described: list[str] = []  # weavers that were asked for with the relay's token
        self.refreshed: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.url = ""

    def ticket(self, weaver_id: str, /, *, key: Ed25519PrivateKey | None = None, **changes: Any) -> str:
        claims = {**self.claims(weaver_id), **changes}
        return jwt.encode(claims, key or self.key, algorithm="EdDSA", headers={"kid": self.kid})

    def claims(self, weaver_id: str) -> dict[str, Any]:
        """Those of a good ticket."""
        now = int(time.time())
        return TicketClaims(
            iss="test",
            sub="user-1",
            jti=uuid.uuid4().hex,
            iat=now,
            exp=now + 60,
            weaver_id=weaver_id,
            action="attach",
            role="driver",
            weaver_expires_at=datetime.now(UTC) + timedelta(hours=4),
        ).model_dump(mode="json")

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/jwks.json", self._jwks)
        app.router.add_post("/api/weaver/{ref}/ticket", self._issue)
        app.router.add_get("/api/weaver/{id}", self._refresh)
        return app

    async def _jwks(self, request: web.Request) -> web.Response:
        self.key_requests += 1
        jwk = {
            **OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True),
            "kid": self.kid,
            "alg": "EdDSA",
            "use": "sig",
        }
        return web.json_response({"keys": [jwk, *self.more_keys]})

    async def _issue(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {USER_TOKEN}":
            return _error(401, "unauthorized", "unknown token")
        body = await request.json()
        assert body == {"action": "attach", "role": "driver"}
        weaver_id = self.names.get(request.match_info["ref"])
        if weaver_id is None:
            return _error(404, "weaver_not_found", "no such weaver")
        return web.json_response({"url": "", "ticket": self.ticket(weaver_id), "expires_at": ""})

    async def _refresh(self, request: web.Request) -> web.Response:
        if "refresh" not in request.query:
            return self._describe(request)
        self.refreshed.put_nowait((request.match_info["id"], request.headers.get("Authorization", "")))
        return web.json_response({})

    def _describe(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {RELAY_TOKEN}"
        self.described.append(request.match_info["id"])
        if not self.weaver:
            return _error(404, "weaver_not_found", "no such weaver")
        return web.json_response({"expires_at": "2999-01-01T00:00:00.000Z", **self.weaver})


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "details": {}}}, status=status)
