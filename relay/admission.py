"""Who may connect: a ticket, verified offline; a bearer token, exchanged for a ticket at the API; or a resume token, whose
viewer's rights are asked for again. A resume token beside one of the others only says which viewer it is that comes back.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
from aiohttp import web
from pydantic import ValidationError

from chalicelib.domain.permissions import Action, Principal, allowed
from chalicelib.domain.tickets import ALGORITHMS, AUDIENCE, LEEWAY, TicketAction, TicketClaims
from loom.wire import RESUME_SUBPROTOCOL_PREFIX, SUBPROTOCOL_V2, TICKET_SUBPROTOCOL_PREFIX, Role
from relay.api import Api
from relay.core.one_use import OneUse
from relay.refusals import Refusal
from relay.resume import ResumeClaims, ResumeTokens

_REQUIRED: Final = ["iss", "aud", "sub", "jti", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who connects, to what. ``may`` is the most the viewer may have as its role; ``resumed`` that it says it was here before,
    and ``input_id`` what it typed then, None when that is not known.
    """

    viewer_id: str
    weaver_id: str
    user_id: str
    may: Role
    role: Role
    weaver_expires_at: datetime
    resumed: bool
    input_id: str | None = None


class Admission:
    """The relay's door. ``now`` is the clock; it decides how long a used ticket is remembered."""

    def __init__(self, api: Api, tokens: ResumeTokens, now: Callable[[], datetime]) -> None:
        self._api = api
        self._tokens = tokens
        self._now = now
        self._used = OneUse()

    async def admit(self, request: web.Request, reference: str, action: TicketAction) -> Admitted:
        """Who the caller is and what it may do with the weaver ``reference``. Raises Refusal, also for a ticket to another door."""
        check_origin(request, self._api.url)
        token = _resume_token(request)
        viewer = self._tokens.read(token) if token else None
        ticket = _ticket(request)
        authorization = request.headers.get("Authorization", "")
        if token and ticket is None and not authorization:
            return await self._admit_again(viewer, reference)
        claims = await self._admit_with_ticket(ticket, authorization, reference, action)
        same = viewer and (viewer.weaver_id, viewer.sub) == (claims.weaver_id, claims.sub)
        return Admitted(
            viewer_id=viewer.viewer_id if viewer and same else uuid.uuid4().hex,
            input_id=viewer.input_id if viewer and same else None,
            weaver_id=claims.weaver_id,
            user_id=claims.sub,
            may=claims.role,
            role=viewer.role if viewer and same and claims.role == "driver" else claims.role,
            weaver_expires_at=claims.weaver_expires_at,
            resumed=token is not None,
        )

    async def _admit_again(self, viewer: ResumeClaims | None, reference: str) -> Admitted:
        """A viewer that comes back with nothing but its token: the API says whether the weaver lives and who may still see it."""
        if viewer is None:
            raise Refusal(401, "unauthorized", "the resume token is not valid here any more: come with a new ticket")
        if viewer.weaver_id != reference:
            raise Refusal(403, "forbidden", "the resume token is for another weaver")
        weaver = await self._api.weaver(viewer.weaver_id)
        if weaver.get("ended_at") or weaver.get("status") == "terminating":
            told = f": {weaver['message']}" if weaver.get("message") else ""
            raise Refusal(409, "weaver_ended", f"the weaver is gone{told}")
        if not _still_may(viewer, weaver):
            raise Refusal(401, "unauthorized", "your rights cannot be checked here: come with a new ticket")
        return Admitted(
            viewer_id=viewer.viewer_id,
            input_id=viewer.input_id,
            weaver_id=viewer.weaver_id,
            user_id=viewer.sub,
            may=viewer.may,
            role=viewer.role,
            weaver_expires_at=datetime.fromisoformat(str(weaver["expires_at"])),
            resumed=True,
        )

    async def _admit_with_ticket(
        self, ticket: str | None, authorization: str, reference: str, action: TicketAction
    ) -> TicketClaims:
        exchanged = ticket is None
        if ticket is None:
            if not authorization.lower().startswith("bearer "):
                raise Refusal(401, "unauthorized", "a ticket or a bearer token is needed")
            ticket = await self._api.exchange(reference, authorization, action)
        claims = await self._verify(ticket)
        if not exchanged and claims.weaver_id != reference:
            raise Refusal(403, "forbidden", "the ticket is for another weaver")
        if claims.action != action:
            raise Refusal(403, "forbidden", f"the ticket is for {claims.action}, not for {action}")
        until = claims.exp + LEEWAY.total_seconds()
        if not self._used.use(claims.jti, until, self._now().timestamp()):
            raise Refusal(401, "unauthorized", "the ticket was used before")
        return claims

    async def _verify(self, ticket: str) -> TicketClaims:
        try:
            key = await self._api.key(str(jwt.get_unverified_header(ticket).get("kid")))
            if key is None or key.algorithm_name not in ALGORITHMS:
                raise Refusal(401, "unauthorized", "the ticket is signed with a key that the API does not publish")
            options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_iat": False}
            # The key says how it signs, and never the ticket (RFC 8725 §3.1).
            decoded = jwt.decode(ticket, key, algorithms=[key.algorithm_name], audience=AUDIENCE, options=options)
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


def _still_may(viewer: ResumeClaims, weaver: Mapping[str, Any]) -> bool:
    """Whether the user has these rights by being the owner. Roles in orgs and in the system the relay does not know."""
    needed: Action = "attach" if viewer.may == "driver" else "observe"
    principal = Principal(user_id=viewer.sub, personal_org_id="")
    owner, org = str(weaver.get("owner_user_id")), str(weaver.get("org_id"))
    return allowed(principal, needed, owner_user_id=owner, org_id=org)


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


def _resume_token(request: web.Request) -> str | None:
    """The resume token that a v2 viewer offers as a subprotocol; not in the URL, which gets into logs."""
    offered = _offered(request)
    if SUBPROTOCOL_V2 not in offered:
        return None
    tokens = (one for one in offered if one.startswith(RESUME_SUBPROTOCOL_PREFIX))
    return next((one.removeprefix(RESUME_SUBPROTOCOL_PREFIX) for one in tokens), None)


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
