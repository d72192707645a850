"""Create, list, describe, extend, delete."""

from http import HTTPStatus
from typing import Any, get_args

from chalice import Blueprint, Response

from chalicelib.api import observability
from chalicelib.api.errors import rendered
from chalicelib.api.rendering import ticket_body, weaver_body
from chalicelib.api.requests import Query, idempotency_key, principal, via
from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import ClusterError, ClusterTimeout, InvalidRequest
from chalicelib.domain.pod_status import WeaverStatus
from chalicelib.services.describe import Listing

blueprint = Blueprint(__name__)

_PAGE, _LARGEST_PAGE = 100, 1000


@blueprint.route("/api/weaver", methods=["POST"])
@rendered
def create() -> Response:
    """201 with the weaver, pending; with ``attach`` asked for, a ticket too."""
    from chalicelib.api.bodies import create_request

    asking = principal(blueprint.current_request)
    plane = control_plane()
    request = create_request(blueprint.current_request, allow_http=plane.allow_http_repos)
    try:
        weaver = plane.launch(asking, request, idempotency_key(blueprint.current_request))
    except (ClusterError, ClusterTimeout):
        observability.count("loom_weavers_failed_total")
        raise
    observability.count("loom_weavers_created_total")
    answer = weaver_body(weaver)
    if request.attach:
        answer["attach"] = ticket_body(plane.tickets.issue(asking, weaver, "attach", request.attach))
    return Response(answer, status_code=HTTPStatus.CREATED)


@blueprint.route("/api/weavers", methods=["GET"])
@rendered
def list_weavers() -> dict[str, Any]:
    """One page, newest first."""
    request = blueprint.current_request
    asking = principal(request)
    query = Query(request, ("tag", "status", "org", "owner", "ended", "limit", "cursor"))
    listing = Listing(
        org_id=query.text("org"),
        owner_user_id=query.text("owner"),
        status=_status(query.text("status")),
        tags=dict(_tag(text) for text in query.all("tag")),
        ended=query.flag("ended"),
        limit=query.number("limit", _PAGE, _LARGEST_PAGE),
        cursor=query.text("cursor"),
    )
    page = control_plane().describe.list(asking, listing)
    return {"weavers": [weaver_body(weaver) for weaver in page.weavers], "next_cursor": page.next_cursor}


@blueprint.route("/api/weaver/{weaver_id}", methods=["GET"])
@rendered
def describe(weaver_id: str) -> dict[str, Any]:
    """One weaver; ``refresh=true`` looks at its pod even when nothing should have changed."""
    asking = principal(blueprint.current_request)
    refresh = Query(blueprint.current_request, ("refresh",)).flag("refresh")
    return weaver_body(control_plane().describe(asking, weaver_id, refresh=refresh))


@blueprint.route("/api/weaver/{weaver_id}/extend", methods=["POST"])
@rendered
def extend(weaver_id: str) -> dict[str, Any]:
    """The weaver with a new lifetime, counted from its creation."""
    from chalicelib.api.bodies import extend_request

    asking = principal(blueprint.current_request)
    hours = extend_request(blueprint.current_request).lifetime_hours
    return weaver_body(control_plane().extend(asking, weaver_id, hours))


@blueprint.route("/api/weaver/{weaver_id}", methods=["DELETE"])
@rendered
def delete(weaver_id: str) -> Response:
    """204, also when it was deleted before."""
    request = blueprint.current_request
    control_plane().stop(principal(request), weaver_id, via(request))
    observability.count("loom_weavers_deleted_total")
    return Response("", status_code=HTTPStatus.NO_CONTENT)


def _status(text: str | None) -> WeaverStatus | None:
    if text is not None and text not in get_args(WeaverStatus):
        raise InvalidRequest(f"status: must be one of {', '.join(get_args(WeaverStatus))}", field="status")
    return text  # type: ignore[return-value]  # checked above


def _tag(text: str) -> tuple[str, str]:
    key, separator, value = text.partition(":")
    if not key or not separator:
        raise InvalidRequest("tag: must be written key:value", field="tag")
    return key, value
