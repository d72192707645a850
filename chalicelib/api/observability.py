"""One structured log line and one latency metric a request; log lines of all our modules as JSON on stdout.

Each line has the ``correlation_id`` of the request or event that it is about; in Lambda also the invocation's
``function_request_id`` and, from powertools, its ``xray_trace_id``. Metrics are CloudWatch's Embedded Metric Format, also on stdout. No header, body or query is ever logged: they may hold secrets.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from chalice import Response
from chalice.app import Request

from chalicelib.bootstrap import control_plane

_NAMESPACE: Final = "Weavers"
_SERVICE: Final = "control-plane"

#: Named for the package, so that the loggers of all its modules inherit it.
logger: Final = Logger(service=_SERVICE, logger_name="chalicelib", level=control_plane().log_level)


def count(name: str, value: float = 1) -> None:
    """How often something happened, such as loom_weavers_created_total."""
    _metric(name, MetricUnit.Count, value)


def gauge(name: str, value: float) -> None:
    """How much of something there is; a name that ends in ``_seconds`` is a duration."""
    _metric(name, MetricUnit.Seconds if name.endswith("_seconds") else MetricUnit.Count, value)


def _metric(name: str, unit: MetricUnit, value: float) -> None:
    with single_metric(name=name, unit=unit, value=value, namespace=_NAMESPACE) as metric:
        metric.add_dimension("service", _SERVICE)
        metric.add_dimension("deployment", control_plane().name)


def observed(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: tells what was asked, how it ended and how long it took."""
    with correlated(request.context.get("requestId"), request.lambda_context):
        return _told(request, get_response)


@contextmanager
def correlated(correlation_id: str | None, invocation: Any) -> Iterator[None]:
    """Each line that is logged in this block, and by what :func:`~chalicelib.adapters.deadline.carried` carries to other threads,
    tells what it is about. ``invocation`` is Lambda's context object."""
    ids = {"correlation_id": correlation_id, "function_request_id": getattr(invocation, "aws_request_id", None)}
    logger.thread_safe_append_keys(**{name: one for name, one in ids.items() if one})
    try:
        yield
    finally:
        logger.thread_safe_remove_keys(ids)


def _told(request: Request, get_response: Callable[[Request], Response]) -> Response:
    elapsed = stopwatch()
    response = get_response(request)
    milliseconds = elapsed()
    route = f"{request.method} {request.context.get('resourcePath', '')}"
    body = response.body if isinstance(response.body, dict) else {}
    error = body.get("error") if response.status_code >= 400 else None
    log = logger.error if response.status_code >= 500 else logger.info
    told = {"route": route, "status": response.status_code, "duration_ms": milliseconds}
    if error:
        told["error"] = error["code"]
    log("request", extra=told)
    with single_metric(
        name="Latency", unit=MetricUnit.Milliseconds, value=milliseconds, namespace=_NAMESPACE
    ) as metric:
        metric.add_dimension("service", _SERVICE)
        metric.add_dimension("deployment", control_plane().name)
        metric.add_dimension("route", route)
        metric.add_dimension("status", str(response.status_code))
    return response


def stopwatch() -> Callable[[], float]:
    """Starts one: it tells the milliseconds so far."""
    started = time.perf_counter()
    return lambda: round((time.perf_counter() - started) * 1000, 1)
