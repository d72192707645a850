"""Whether the control plane can work: open to everybody, tells nothing secret."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response

from chalicelib import __version__
from chalicelib.api.errors import rendered
from chalicelib.api.observability import stopwatch
from chalicelib.bootstrap import ControlPlane, control_plane
from chalicelib.domain.errors import Misconfigured, WeaverError

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"])
@rendered
def health() -> Response:
    """200 ``healthy`` or 503 ``unhealthy``, with each dependency's latency in milliseconds and what is wrong with it.

    Also the versions that ``loom version`` asks for: this one, and where the relay is, which tells its own.
    """
    plane = control_plane()
    checks = {
        "kubernetes": _check(lambda: plane.cluster.ping()),
        "dynamodb": _check(lambda: plane.store.ping()),
    }
    healthy = all(check["ok"] for check in checks.values())
    status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
    body = {
        "status": "healthy" if healthy else "unhealthy",
        "version": __version__,
        "relay_url": _relay_url(plane),
        "checks": checks,
    }
    return Response(body, status_code=status)


def _relay_url(plane: ControlPlane) -> str | None:
    try:
        return plane.relay_url
    except Misconfigured:
        return None  # told where somebody wants to attach; the checks are still of use


def _check(ping: Callable[[], None]) -> dict[str, Any]:
    elapsed = stopwatch()
    try:
        ping()
    except WeaverError as error:
        return {"ok": False, "latency_ms": elapsed(), "error": error.code, "message": error.message}
    return {"ok": True, "latency_ms": elapsed()}
