"""Answers: objects and errors as JSON, and the middleware that turns every failure into what Kubernetes would answer."""

import logging
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from local.kube import status
from local.kube.objects import Object, dumps
from local.kube.status import ApiError, PlainError

#: Bytes; the API server's own limit.
MAX_BODY: Final = 3 * 1024 * 1024

_STARTED: Final = web.RequestKey("response started", bool)

_log = logging.getLogger(__name__)


def json_response(
    value: Object, code: int = 200, *, warnings: Sequence[str] = (), headers: dict[str, str] | None = None
) -> web.Response:
    all_headers = CIMultiDict({"Cache-Control": "no-cache, private", **(headers or {})})
    for warning in warnings:
        all_headers.add("Warning", warning)
    return web.Response(body=dumps(value), status=code, content_type="application/json", headers=all_headers)


def error_response(error: ApiError) -> web.Response:
    return json_response(error.to_object(), error.code, headers=error.headers)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware: nothing leaves the server as anything but Kubernetes' own errors."""
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error)
    except PlainError as error:
        return web.Response(text=error.text, status=error.code)
    except ConnectionResetError:
        return web.Response(status=499)  # the client left in the middle of a stream; nobody reads this
    except web.HTTPException as error:
        return _routing_error(request, error)
    except Exception as error:  # whatever it is, the client gets a Status and the log the traceback
        _log.exception("%s %s failed", request.method, request.path)
        if request.get(_STARTED):
            raise  # too late for another answer: aiohttp ends the connection
        return error_response(ApiError(500, "InternalError", f"Internal error occurred: {error!r}", {}))


async def mark_started(request: web.Request, _: web.StreamResponse) -> None:
    """For ``on_response_prepare``."""
    request[_STARTED] = True


def _routing_error(request: web.Request, error: web.HTTPException) -> web.Response:
    """What aiohttp says about a request that no handler took, in Kubernetes' words (README 19)."""
    match error.status:
        case 404 if not request.path.startswith("/api/"):
            return web.Response(text="404 page not found\n", status=404)
        case 404:
            return error_response(status.unknown_resource())
        case 405:
            return error_response(status.method_not_allowed())
        case 413:
            message = f"Request entity too large: limit is {MAX_BODY}"
            return error_response(ApiError(413, "RequestEntityTooLarge", message))
        case code:
            return error_response(ApiError(code, None, error.reason))


def media_ranges(request: web.Request) -> list[tuple[str, dict[str, str]]]:
    """What the client accepts, in its order: media type and parameters (weights are left out)."""
    found = []
    for entry in request.headers.get("Accept", "").split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        pairs = dict(part.partition("=")[::2] for part in parameters)
        if kind:
            found.append((kind, {key: value for key, value in pairs.items() if key != "q"}))
    return found


def require_json_accepted(request: web.Request) -> None:
    """Raises ApiError 406 when the client takes no plain JSON."""
    plain = [kind for kind, parameters in media_ranges(request) if "as" not in parameters]
    if request.headers.get("Accept") and not {"*/*", "application/*", "application/json"}.intersection(plain):
        message = "only the following media types are accepted: application/json"
        raise ApiError(406, "NotAcceptable", message)
