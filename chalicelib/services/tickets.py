"""Tickets: permission for one connection to the relay."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.errors import Forbidden
from chalicelib.domain.permissions import Action, Principal, allowed
from chalicelib.domain.tickets import LIFETIME, TicketAction, TicketClaims, TicketRole
from chalicelib.domain.weaver import Weaver, check_not_ending
from chalicelib.services.ports import Clock, TicketSigner


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where to connect, with what, until when."""

    url: str
    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tickets:
    """Issues tickets. ``issuer`` is this API's URL, ``relay_url`` the relay's WebSocket base (``wss://…``); ``relay_urls`` has those of
    clusters with relays of their own.
    """

    signer: TicketSigner
    clock: Clock
    issuer: str
    relay_url: str
    relay_urls: Mapping[str, str] = field(default_factory=dict)

    def issue(self, principal: Principal, weaver: Weaver, action: TicketAction, role: TicketRole) -> Ticket:
        """A ticket for ``principal``. Raises Forbidden, or WeaverEnded when there is nothing left to connect to."""
        needed: Action = "observe" if role == "observer" and action in ("attach", "logs", "events") else "attach"
        if not allowed(principal, needed, owner_user_id=weaver.owner_user_id, org_id=weaver.org_id):
            raise Forbidden(f"you may not {action} as {role}")
        check_not_ending(weaver)
        now = self.clock()
        expires_at = now + LIFETIME
        claims = TicketClaims(
            iss=self.issuer,
            sub=principal.user_id,
            jti=uuid.uuid4().hex,
            iat=int(now.timestamp()),
            exp=int(expires_at.timestamp()),
            weaver_id=weaver.id,
            action=action,
            role=role,
            weaver_expires_at=weaver.expires_at,
        )
        return Ticket(self._url(weaver, action), self.signer.sign(claims), expires_at.replace(microsecond=0))

    def _url(self, weaver: Weaver, action: TicketAction) -> str:
        """The relay's door for ``action`` (DESIGN §5); the client adds the port to that of ``tcp``."""
        relay_url = self.relay_urls.get(weaver.cluster, self.relay_url)
        return f"{relay_url}/api/weaver/{weaver.id}/{action}"
