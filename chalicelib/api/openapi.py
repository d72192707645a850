"""``/openapi.json``: the API as a document. It is made when it is first asked for: it brings pydantic and every model."""

from functools import cache
from typing import Any

from chalice import Blueprint, Response

from chalicelib.api.errors import rendered
from chalicelib.bootstrap import control_plane

blueprint = Blueprint(__name__)


@blueprint.route("/openapi.json", methods=["GET"])
@rendered
def openapi() -> Response:
    """This API as OpenAPI 3.1."""
    body = {**_document(), "servers": [{"url": control_plane().server_url}]}
    return Response(body, headers={"Cache-Control": "public, max-age=300"})


@cache
def _document() -> dict[str, Any]:
    from chalicelib.api.openapi_document import document

    return document(blueprint.current_app.routes)
