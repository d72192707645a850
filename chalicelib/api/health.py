"""Whether the control plane can work: open to everybody, tells nothing secret."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response

from chalicelib.api.errors import rendered
from chalicelib.api.observability import timed
from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import WeaverError

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"])
@rendered
def health() -> Response:
    """200 ``healthy`` or 503 ``unhealthy``, with each dependency's latency in milliseconds and what is wrong with it."""
    plane = control_plane()
    checks = {
        "kubernetes": _check(lambda: plane.cluster.ping()),
        "dynamodb": _check(lambda: plane.store.ping()),
    }
    healthy = all(check["ok"] for check in checks.values())
    status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
    return Response({"status": "healthy" if healthy else "unhealthy", "checks": checks}, status_code=status)


def _check(ping: Callable[[], None]) -> dict[str, Any]:
    with timed() as milliseconds:
        try:
            ping()
        except WeaverError as error:
            return {"ok": False, "latency_ms": milliseconds(), "error": error.code, "message": error.message}
        return {"ok": True, "latency_ms": milliseconds()}
