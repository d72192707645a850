"""The way to the relay: tickets, the keys they are verified with, and a word to clients that knock at the wrong door."""

from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from chalicelib.api.errors import envelope, rendered
from chalicelib.api.rendering import ticket_body
from chalicelib.api.requests import json_body, principal
from chalicelib.bootstrap import control_plane
from chalicelib.domain.create_request import validated
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.tickets import TicketAction, TicketRole

blueprint = Blueprint(__name__)


class TicketRequest(BaseModel):
    """What the ticket is to permit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: TicketAction = "attach"
    role: TicketRole = "driver"


@blueprint.route("/api/weaver/{weaver_id}/ticket", methods=["POST"])
@rendered
def issue(weaver_id: str) -> dict[str, Any]:
    """A ticket: 60 seconds, one use."""
    asking = principal(blueprint.current_request)
    body = json_body(blueprint.current_request)
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    wanted = validated(TicketRequest, body)
    plane = control_plane()
    weaver = plane.describe.find(asking, weaver_id)
    return ticket_body(plane.tickets.issue(asking, weaver, wanted.action, wanted.role))


@blueprint.route("/api/weaver/{weaver_id}/attach", methods=["GET"])
@rendered
def attach(weaver_id: str) -> Response:
    """426 (RFC 9110 §15.5.22): WebSockets are the relay's. Redirects cannot serve, WebSocket clients disagree about them."""
    url = f"{control_plane().relay_url}/api/weaver/{weaver_id}/attach"
    body = envelope("upgrade_required", f"open a WebSocket to {url}", {"relay_url": url})
    return Response(body, status_code=HTTPStatus.UPGRADE_REQUIRED, headers={"Upgrade": "websocket"})


@blueprint.route("/.well-known/jwks.json", methods=["GET"])
@rendered
def jwks() -> Response:
    """The public keys of tickets (RFC 7517)."""
    return Response(control_plane().signer.jwks(), headers={"Cache-Control": "public, max-age=300"})
