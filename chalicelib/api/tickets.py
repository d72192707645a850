"""The way to the relay: tickets, the keys they are verified with, and a word to clients that knock at the wrong door."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalice import Blueprint, Response

from chalicelib.api.errors import envelope, rendered
from chalicelib.api.rendering import ticket_body, weaver_body
from chalicelib.api.requests import principal
from chalicelib.bootstrap import control_plane

blueprint = Blueprint(__name__)


@blueprint.route("/api/weaver/{weaver_id}/ticket", methods=["POST"])
@rendered
def issue(weaver_id: str) -> dict[str, Any]:
    """A ticket: 60 seconds, one use. With the weaver that it is for: whoever attaches by a name needs no other request."""
    from chalicelib.api.bodies import ticket_request

    asking = principal(blueprint.current_request)
    wanted = ticket_request(blueprint.current_request)
    plane = control_plane()
    weaver = plane.describe.find(asking, weaver_id)
    ticket = plane.tickets.issue(asking, weaver, wanted.action, wanted.role)
    return {**ticket_body(ticket), "weaver": weaver_body(weaver)}


@blueprint.route("/api/weaver/{weaver_id}/attach", methods=["GET"])
@rendered
def attach(weaver_id: str) -> Response:
    """426 (RFC 9110, 15.5.22): WebSockets are the relay's. Redirects cannot serve, WebSocket clients disagree about them."""
    url = f"{control_plane().relay_url}/api/weaver/{quote(weaver_id, safe='')}/attach"
    body = envelope("upgrade_required", f"open a WebSocket to {url}", {"relay_url": url})
    return Response(body, status_code=HTTPStatus.UPGRADE_REQUIRED, headers={"Upgrade": "websocket"})


@blueprint.route("/.well-known/jwks.json", methods=["GET"])
@rendered
def jwks() -> Response:
    """The public keys of tickets (RFC 7517)."""
    return Response(control_plane().signer.jwks(), headers={"Cache-Control": "public, max-age=300"})
