"""Every error as ``{"error": {"code", "message", "details"}}``, Chalice's own included."""

import functools
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, ParamSpec

from chalice import Response
from chalice.app import Request

from chalicelib.domain.errors import RetryLater, TooManyWeavers, Unauthorized, WeaverError

P = ParamSpec("P")

#: What Chalice answers by itself, in its own envelope ``{"Code", "Message"}``.
_CHALICE_CODES: Final[Mapping[int, str]] = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def envelope(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": code, "message": message, "details": dict(details or {})}}


def error_response(error: WeaverError) -> Response:
    """The HTTP answer to ``error``."""
    headers: dict[str, str | list[str]] = {}
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RetryLater | TooManyWeavers):
        headers["Retry-After"] = "1" if isinstance(error, RetryLater) else "60"
    return Response(envelope(error.code, error.message, error.details), status_code=error.status, headers=headers)


def rendered(view: Callable[P, Any]) -> Callable[P, Any]:
    """A view whose WeaverErrors become answers: Chalice would answer 500 before any middleware saw them."""

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return view(*args, **kwargs)
        except WeaverError as error:
            return error_response(error)

    return answer


def own_envelope(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: Chalice's own errors (400, 405, 415, 500 …) in our envelope, headers kept."""
    response = get_response(request)
    body = response.body
    if response.status_code < HTTPStatus.BAD_REQUEST or not isinstance(body, dict) or "Code" not in body:
        return response
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        response.body = envelope("internal_error", "something went wrong on our side; it is in the log")
    else:
        code = _CHALICE_CODES.get(response.status_code, "invalid_request")
        response.body = envelope(code, str(body.get("Message", "")))
    return response
