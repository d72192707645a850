"""What no view could make sense of is refused before anybody asks who sent it: ids and parameters that are no text."""

import functools
import re
from collections.abc import Callable
from typing import Final

from chalice import Chalice, Response
from chalice.app import MultiDict, Request

from chalicelib.api.errors import error_response
from chalicelib.api.requests import unknown_parameter
from chalicelib.domain.errors import InvalidRequest

#: Longer than any id or name.
_MAX_REFERENCE: Final = 64
#: Control characters, and what is no character at all: a surrogate is half of one, and nothing can encode it.
_NO_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
#: Those that take parameters; the others of ``/api/`` take none.
_QUERIED: Final = frozenset({("GET", "/api/weavers"), ("GET", "/api/weaver/{weaver_id}")})


def well_formed(app: Chalice) -> Callable[[Request, Callable[[Request], Response]], Response]:
    """Middleware for ``app``."""
    return functools.partial(_checked, app)


def _checked(app: Chalice, request: Request, get_response: Callable[[Request], Response]) -> Response:
    if request.method not in app.routes[request.path]:
        return get_response(request)  # there is nothing that could be meant
    try:
        _check_path(request)
        _check_query(request)
    except InvalidRequest as error:
        return error_response(error)
    return get_response(request)


def _check_path(request: Request) -> None:
    for value in (request.uri_params or {}).values():
        if not 0 < len(value) <= _MAX_REFERENCE:
            raise InvalidRequest(f"id: must be 1 to {_MAX_REFERENCE} characters", field="id")
        _check_text("id", value)


def _check_query(request: Request) -> None:
    takes_none = request.path.startswith("/api/") and (request.method, request.path) not in _QUERIED
    parameters = request.query_params or MultiDict(None)
    for name in parameters:
        if takes_none or _NO_TEXT.search(name):
            raise unknown_parameter(name)
        for value in parameters.getlist(name):
            _check_text(name[:60], value)


def _check_text(field: str, text: str) -> None:
    if _NO_TEXT.search(text):
        raise InvalidRequest(f"{field}: must not contain control characters", field=field)
