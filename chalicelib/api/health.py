"""Whether the control plane can work: open to everybody, tells nothing secret."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from chalice import Blueprint, Response

from chalicelib import __version__
from chalicelib.adapters.deadline import carried
from chalicelib.api.errors import rendered
from chalicelib.api.observability import stopwatch
from chalicelib.bootstrap import ControlPlane, control_plane
from chalicelib.domain.cluster_settings import DEFAULT
from chalicelib.domain.errors import Misconfigured, WeaverError

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"])
@rendered
def health() -> Response:
    """200 ``healthy`` or 503 ``unhealthy``, with each dependency's latency in milliseconds and what is wrong with it.

    Also the versions that ``loom version`` asks for: this one, and where the relay is, which tells its own.
    """
    plane = control_plane()
    clusters = _clusters(plane)
    worst = max(clusters.values(), key=lambda check: (not check["ok"], check["latency_ms"]))
    checks = {"kubernetes": worst, "dynamodb": _check(lambda: plane.store.ping())}
    healthy = all(check["ok"] for check in checks.values())
    status = HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE
    body = {
        "status": "healthy" if healthy else "unhealthy",
        "version": __version__,
        "relay_url": _relay_url(plane),
        "checks": checks,
        "clusters": clusters,
    }
    return Response(body, status_code=status)


def _clusters(plane: ControlPlane) -> dict[str, dict[str, Any]]:
    """A check of each, all at once: one that does not answer must not leave the others no time."""
    try:
        clusters = plane.clusters.by_name
    except Misconfigured as error:  # nobody knows which there are
        return {DEFAULT: _failed(error, 0)}
    if len(clusters) == 1:
        return {name: _check(cluster.ping) for name, cluster in clusters.items()}
    with ThreadPoolExecutor(len(clusters), "health") as pool:
        answers = pool.map(carried(lambda cluster: _check(cluster.ping)), clusters.values())
        return dict(zip(clusters, answers, strict=True))


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
        return _failed(error, elapsed())
    return {"ok": True, "latency_ms": elapsed()}


def _failed(error: WeaverError, milliseconds: float) -> dict[str, Any]:
    return {"ok": False, "latency_ms": milliseconds, "error": error.code, "message": error.message}
