"""The sweep: every minute by itself, and by hand for admins."""

from datetime import timedelta
from typing import Any, Final

from chalice import Blueprint
from chalice.app import CloudWatchEvent
from pydantic import BaseModel, ConfigDict

from chalicelib.api.errors import rendered
from chalicelib.api.observability import count, logger
from chalicelib.api.requests import json_body, principal
from chalicelib.bootstrap import control_plane
from chalicelib.domain.create_request import validated
from chalicelib.domain.errors import Forbidden, InvalidRequest
from chalicelib.domain.permissions import may_sweep
from chalicelib.services.sweep import SweepReport

blueprint = Blueprint(__name__)

#: By hand it must answer before API Gateway gives up (29 s); by itself, before the next one starts.
_BY_HAND: Final = timedelta(seconds=20)
_BY_ITSELF: Final = timedelta(seconds=50)


class CleanupRequest(BaseModel):
    """``dry_run`` only tells what would be done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = False


@blueprint.route("/api/weavers/cleanup", methods=["POST"])
@rendered
def cleanup() -> dict[str, Any]:
    """A sweep now. ``more`` says that not everything due was done within the time."""
    if not may_sweep(principal(blueprint.current_request)):
        raise Forbidden("only system admins may start a sweep")
    body = json_body(blueprint.current_request)
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    dry_run = validated(CleanupRequest, body).dry_run
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
