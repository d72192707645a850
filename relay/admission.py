"""Who may connect: a ticket, verified offline, or a bearer token, exchanged for a ticket at the API."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
from aiohttp import web
from pydantic import ValidationError

from chalicelib.domain.tickets import ALGORITHM, AUDIENCE, LEEWAY, TicketClaims
from loom.wire import SUBPROTOCOL_V2, TICKET_SUBPROTOCOL_PREFIX
from relay.api import Api
from relay.core.one_use import OneUse
from relay.refusals import Refusal

_REQUIRED: Final = ["iss", "aud", "sub", "jti", "iat", "exp"]


class Admission:
    """The relay's door. ``now`` is the clock; it decides how long a used ticket is remembered."""

    def __init__(self, api: Api, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._used = OneUse()

    async def admit(self, request: web.Request, reference: str) -> TicketClaims:
        """What the caller may do with the weaver ``reference``. Raises Refusal."""
        check_origin(request, self._api.url)
        ticket = _ticket(request)
        authorization = request.headers.get("Authorization", "")
        exchanged = ticket is None
        if ticket is None:
            if not authorization.lower().startswith("bearer "):
                raise Refusal(401, "unauthorized", "a ticket or a bearer token is needed")
            ticket = await self._api.exchange(reference, authorization)
        claims = await self._verify(ticket)
        if not exchanged and claims.weaver_id != reference:
            raise Refusal(403, "forbidden", "the ticket is for another weaver")
        if claims.action != "attach":
            raise Refusal(403, "forbidden", f"the ticket is for {claims.action}, not for attach")
        until = claims.exp + LEEWAY.total_seconds()
        if not self._used.use(claims.jti, until, self._now().timestamp()):
            raise Refusal(401, "unauthorized", "the ticket was used before")
        return claims

    async def _verify(self, ticket: str) -> TicketClaims:
        try:
            key = await self._api.key(str(jwt.get_unverified_header(ticket).get("kid")))
            if key is None:
                raise Refusal(401, "unauthorized", "the ticket is signed with a key that the API does not publish")
            options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False}
            decoded = jwt.decode(ticket, key, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
            claims = TicketClaims.model_validate(decoded)
        except (jwt.PyJWTError, ValidationError) as error:
            raise Refusal(401, "unauthorized", "the ticket is not valid") from error
        self._check_times(claims)
        return claims

    def _check_times(self, claims: TicketClaims) -> None:
        """Clients get a ticket and use it at once, so one that is out of its time nearly always means clocks that differ."""
        now, leeway = self._now().timestamp(), LEEWAY.total_seconds()
        differ = "if it is fresh, the clocks of API and relay differ"
        if now > claims.exp + leeway:
            raise Refusal(401, "unauthorized", f"the ticket expired {now - claims.exp:.0f} s ago; {differ}")
        if claims.iat > now + leeway:
            message = f"the ticket is from {claims.iat - now:.0f} s in the future: the clocks of API and relay differ"
            raise Refusal(401, "unauthorized", message)


def check_origin(request: web.Request, server_url: str) -> None:
    """Pages may connect from this very host or from the API's; programs send no Origin. Raises Refusal.

    Nothing here is authorised by cookies, so this is a second lock: a page elsewhere has no ticket in the first place.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return
    if urlsplit(origin).netloc not in (request.host, urlsplit(server_url).netloc):
        raise Refusal(403, "forbidden", "connections from pages of another site are refused")


def negotiate(request: web.Request) -> str | None:
    """The subprotocol to answer with: v2, none (v1), or the ticket's own, since browsers insist on one. Raises Refusal."""
    offered = _offered(request)
    if SUBPROTOCOL_V2 in offered:
        return SUBPROTOCOL_V2
    if not offered:
        return None
    ticket = next((one for one in offered if one.startswith(TICKET_SUBPROTOCOL_PREFIX)), None)
    if ticket is None:
        raise Refusal(400, "invalid_request", f"no subprotocol offered that is spoken here: {SUBPROTOCOL_V2}, or none")
    return ticket


def _ticket(request: web.Request) -> str | None:
    """The ticket that came with the request, wherever it may stand; None when there is none."""
    for offered in _offered(request):
        if offered.startswith(TICKET_SUBPROTOCOL_PREFIX):
            return offered.removeprefix(TICKET_SUBPROTOCOL_PREFIX)
    if "ticket" in request.query:
        return request.query["ticket"]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and _looks_like_ticket(token.strip()) else None


def _looks_like_ticket(token: str) -> bool:
    """Whether a bearer token is one of ours, to be verified here; people's own tokens may be JWTs too."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    return claims.get("aud") == AUDIENCE


def _offered(request: web.Request) -> list[str]:
    header = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    return [one.strip() for one in header.split(",") if one.strip()]
