"""The sweep: every minute by itself, and by hand for admins."""

from datetime import timedelta
from typing import Any, Final

from chalice import Blueprint
from chalice.app import CloudWatchEvent

from chalicelib.adapters.deadline import within
from chalicelib.api.budget import BY_HAND, TICK
from chalicelib.api.errors import rendered
from chalicelib.api.observability import correlated, count, gauge, logger, stopwatch
from chalicelib.api.requests import principal
from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.permissions import may_sweep
from chalicelib.services.sweep import SweepReport

blueprint = Blueprint(__name__)

#: By hand it must answer before API Gateway gives up (29 s); by itself, before the next one starts. After this time no step is
#: begun; those under way have until the end of the sweep's (BY_HAND, TICK).
_BY_HAND: Final = timedelta(seconds=15)
_BY_ITSELF: Final = timedelta(seconds=45)
#: Steps that an answer lists.
_LARGEST_ANSWER: Final = 1000


@blueprint.route("/api/weavers/cleanup", methods=["POST"])
@rendered
def cleanup() -> dict[str, Any]:
    """A sweep now. ``more`` says that not everything due was done within the time."""
    from chalicelib.api.bodies import cleanup_request

    if not may_sweep(principal(blueprint.current_request)):
        raise Forbidden("only system admins may start a sweep")
    dry_run = cleanup_request(blueprint.current_request).dry_run
    with within(BY_HAND):
        report = _swept(_BY_HAND, dry_run=dry_run, reconcile=True)
    steps = [
        {"action": step.action, "subject": step.subject, "why": step.why} for step in report.steps[:_LARGEST_ANSWER]
    ]
    return {"dry_run": dry_run, **_body(report), "steps": steps}


def every_minute(event: CloudWatchEvent) -> dict[str, Any]:
    """The scheduled sweep. EventBridge may deliver a tick twice: sweeping twice does no harm."""
    with correlated(event.to_dict().get("id"), event.context), within(TICK):
        logger.debug("tick", extra={"event_time": event.time})
        return _body(_swept(_BY_ITSELF, dry_run=False))


def _swept(time_limit: timedelta, *, dry_run: bool, reconcile: bool | None = None) -> SweepReport:
    elapsed = stopwatch()
    report = control_plane().sweep(dry_run=dry_run, time_limit=time_limit, reconcile=reconcile)
    seconds = elapsed() / 1000
    told = {"deleted_count": len(report.deleted_ids), "ended_count": len(report.ended), "more": report.more}
    failed = report.failed_count
    logger.info("sweep", extra={**told, "failed_count": failed, "dry_run": dry_run, "duration_seconds": seconds})
    if not dry_run:
        _count(report, seconds)
    return report


def _count(report: SweepReport, seconds: float) -> None:
    """The sweep's metrics, with the names that dashboards of the original know."""
    count("loom_weavers_cleanup_total")
    count("loom_weavers_cleanup_deleted_total", len(report.deleted_ids))
    count("loom_weavers_failed_total", sum(weaver.status == "failed" for weaver in report.ended))
    count("loom_sweep_failed_total", report.failed_count)
    count("loom_orphan_pods_total", report.count("orphan"))
    count("loom_counter_repairs_total", report.count("repair"))
    gauge("loom_sweep_duration_seconds", seconds)
    gauge("loom_sweep_lag_seconds", report.lag.total_seconds())
    if report.active is not None:
        gauge("loom_weavers_active", report.active)


def _body(report: SweepReport) -> dict[str, Any]:
    ids = report.deleted_ids
    return {"deleted_count": len(ids), "deleted_ids": ids[:_LARGEST_ANSWER], "more": report.more}
