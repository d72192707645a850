"""Reading requests: who asks, the JSON body, the query. Everything wrong raises a WeaverError that names the field."""

import json
from collections.abc import Collection, Iterable
from typing import Any, Final, NoReturn

from chalice.app import Request

from chalicelib.bootstrap import control_plane
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import CLIENTS, Via

_MAX_BODY: Final = 256 * 1024
_MAX_KEY: Final = 255
_MAX_TEXT: Final = 255
#: Of a parameter that may be given several times; a tag has at most 320 characters.
_MAX_VALUES, _MAX_VALUE = 32, 512


def principal(request: Request) -> Principal:
    """Whoever the bearer token belongs to. Raises Unauthorized."""
    return control_plane().authenticate(request.headers.get("authorization"))


def json_object(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object; an absent one is an empty object."""
    try:
        raw = request.raw_body
        if len(raw) > _MAX_BODY:
            raise InvalidRequest(f"the body is larger than {_MAX_BODY} bytes")
        text = raw if isinstance(raw, str) else raw.decode()  # RFC 8259 §8.1: UTF-8 and nothing else
        body = json.loads(text, parse_constant=_not_json, object_pairs_hook=_members) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body is not JSON") from error
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    return body


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 §4 leaves open which of two equal names counts: whoever sends both means something that we cannot know."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            field = name if name.isidentifier() else "body"
            raise InvalidRequest(f"{field}: was given more than once", field=field)
        members[name] = value
    return members


def idempotency_key(request: Request) -> str | None:
    """The header, if sent (draft-ietf-httpapi-idempotency-key-header)."""
    key: str | None = request.headers.get("idempotency-key")
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= _MAX_KEY):
        message = f"Idempotency-Key: must be 1 to {_MAX_KEY} printable ASCII characters"
        raise InvalidRequest(message, field="Idempotency-Key")
    return key


def via(request: Request) -> Via:
    """Which of our clients asks, as it says itself: for the history only, nothing is permitted by it."""
    said: str = request.headers.get("loom-via", "")
    return next((client for client in CLIENTS if client == said), "API")


def unknown_parameter(name: str) -> InvalidRequest:
    """The error for a parameter that the request does not take."""
    shown = "".join(char if char.isprintable() else "?" for char in name[:60])
    return InvalidRequest(f"{shown}: is not a parameter of this request", field=shown)


class Query:
    """The query string. A parameter that is not ``known`` is refused: a misspelt filter would show too much."""

    def __init__(self, request: Request, known: Collection[str]) -> None:
        self._parameters = request.query_params
        for name in self._parameters or ():
            if name not in known:
                raise unknown_parameter(name)

    def all(self, name: str) -> list[str]:
        """Every value of a repeatable parameter."""
        values = list(self._parameters.getlist(name)) if self._parameters and name in self._parameters else []
        if len(values) > _MAX_VALUES:
            raise InvalidRequest(f"{name}: was given more than {_MAX_VALUES} times", field=name)
        if any(len(value) > _MAX_VALUE for value in values):
            raise InvalidRequest(f"{name}: is longer than {_MAX_VALUE} characters", field=name)
        return values

    def text(self, name: str) -> str | None:
        """The value of a parameter that may be given once."""
        values = self.all(name)
        if len(values) > 1:
            raise InvalidRequest(f"{name}: was given more than once", field=name)
        if values and not 0 < len(values[0]) <= _MAX_TEXT:  # some become keys, which DynamoDB bounds
            raise InvalidRequest(f"{name}: must be 1 to {_MAX_TEXT} characters", field=name)
        return values[0] if values else None

    def flag(self, name: str) -> bool:
        """``true`` or ``false``, false when absent."""
        value = self.text(name) or "false"
        if value not in ("true", "false"):
            raise InvalidRequest(f"{name}: must be true or false", field=name)
        return value == "true"

    def number(self, name: str, default: int, largest: int) -> int:
        """A whole number from 1 to ``largest``."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= largest):
            raise InvalidRequest(f"{name}: must be a whole number from 1 to {largest}", field=name)
        return int(value)
