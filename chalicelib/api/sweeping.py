"""The sweep: every minute by itself, and by hand for admins."""

from datetime import timedelta
from typing import Any, Final

from chalice import Blueprint
from chalice.app import CloudWatchEvent

from chalicelib.api.errors import rendered
from chalicelib.api.observability import count, logger
from chalicelib.api.requests import principal
from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.permissions import may_sweep
from chalicelib.services.sweep import SweepReport

blueprint = Blueprint(__name__)

#: By hand it must answer before API Gateway gives up (29 s); by itself, before the next one starts. The last weaver that is
#: begun within the time may wait for Kubernetes for 11 s more.
_BY_HAND: Final = timedelta(seconds=15)
_BY_ITSELF: Final = timedelta(seconds=45)


@blueprint.route("/api/weavers/cleanup", methods=["POST"])
@rendered
def cleanup() -> dict[str, Any]:
    """A sweep now. ``more`` says that not everything due was done within the time."""
    from chalicelib.api.bodies import cleanup_request

    if not may_sweep(principal(blueprint.current_request)):
        raise Forbidden("only system admins may start a sweep")
    dry_run = cleanup_request(blueprint.current_request).dry_run
    return {"dry_run": dry_run, **_body(_swept(_BY_HAND, dry_run=dry_run))}


def every_minute(event: CloudWatchEvent) -> dict[str, Any]:
    """The scheduled sweep. EventBridge may deliver a tick twice: sweeping twice does no harm."""
    logger.debug("tick", extra={"event_time": event.time})
    return _body(_swept(_BY_ITSELF, dry_run=False))


def _swept(time_limit: timedelta, *, dry_run: bool) -> SweepReport:
    report = control_plane().sweep(dry_run=dry_run, time_limit=time_limit)
    logger.info("sweep", extra={**_body(report), "dry_run": dry_run})
    if not dry_run:
        count("SweepDeleted", len(report.deleted_ids))
        count("SweepFailed", report.failed_count)
    return report


def _body(report: SweepReport) -> dict[str, Any]:
    return {"deleted_count": len(report.deleted_ids), "deleted_ids": list(report.deleted_ids), "more": report.more}
