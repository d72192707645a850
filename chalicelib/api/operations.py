"""What each route takes and answers, for the OpenAPI document: routes, bodies and answers come from the code, the rest from here.

``tests/chalicelib/api`` holds this against the routes and against what the views answer to every error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel

from chalicelib.api import answers, bodies
from chalicelib.domain.create_request import CreateRequest
from chalicelib.domain.errors import (
    AmbiguousId,
    ClusterError,
    ClusterTimeout,
    Forbidden,
    IdempotencyConflict,
    InvalidLifetime,
    InvalidRequest,
    Misconfigured,
    NameTaken,
    NotFound,
    RetryLater,
    TooManyWeavers,
    Unauthorized,
    WeaverEnded,
    WeaverError,
)
from chalicelib.domain.pod_status import WeaverStatus

Json = Mapping[str, Any]
Answer = tuple[str, type[BaseModel] | None]
Errors = tuple[type[WeaverError], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``answers`` has, by status, what is said and its model; ``errors`` what it may raise."""

    answers: Mapping[int, Answer]
    errors: Errors
    body: type[BaseModel] | None = None
    body_required: bool = False
    parameters: tuple[Json, ...] = ()
    authenticated: bool = True


def _query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema}


#: At most so long, on one line.
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$"}
_TAG: Final = {"type": "string", "maxLength": 512, "pattern": r"^[^\x00-\x1f\x7f-\x9f:]+:[^\x00-\x1f\x7f-\x9f]*$"}

#: Of every path with ``{weaver_id}``.
WEAVER_ID: Final[Json] = {
    "name": "weaver_id",
    "in": "path",
    "required": True,
    "description": "The full id, the short id, the name, or a unique beginning of them.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"},
}
_IDEMPOTENCY_KEY: Final = _header(
    "Idempotency-Key",
    "Makes the create repeatable for 24 hours: the same key never makes two weavers.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
)
_VIA: Final = _header(
    "Loom-Via", "What the client is: `CLI`, `Slack`, `web` or `CI`; anything else counts as `API`.", {"type": "string"}
)
_FILTERS: Final = (
    _query("tag", "`key:value`; all must fit.", {"type": "array", "maxItems": 32, "items": _TAG}),
    _query("status", "Only those of this status.", {"type": "string", "enum": list(get_args(WeaverStatus))}),
    _query("org", "Those of an org.", _TEXT),
    _query("owner", "Those of a user.", _TEXT),
    _query("ended", "Those that have ended instead.", {"type": "boolean", "default": False}),
    _query("limit", "At most so many.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
    _query("cursor", "`next_cursor` of the page before.", _TEXT),
)
_REFRESH: Final = _query(
    "refresh", "Look at the pod even where nothing should have changed.", {"type": "boolean", "default": False}
)

#: Of every operation that needs to know who asks.
_ASKING: Final[Errors] = (InvalidRequest, Unauthorized, RetryLater, Misconfigured)
_FINDING: Final[Errors] = (*_ASKING, NotFound, AmbiguousId)
_CLUSTER: Final[Errors] = (ClusterError, ClusterTimeout)

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/api/weaver"): Operation(
        answers={201: ("The weaver, pending.", answers.CreatedWeaver)},
        errors=(
            *_ASKING, *_CLUSTER, InvalidLifetime, Forbidden, NameTaken, IdempotencyConflict, WeaverEnded, TooManyWeavers,
        ),
        body=CreateRequest,
        parameters=(_IDEMPOTENCY_KEY,),
    ),
    ("GET", "/api/weavers"): Operation(
        answers={200: ("One page.", answers.WeaverPage)}, errors=(*_ASKING, Forbidden), parameters=_FILTERS
    ),
    ("GET", "/api/weaver/{weaver_id}"): Operation(
        answers={200: ("The weaver.", answers.Weaver)}, errors=(*_FINDING, *_CLUSTER), parameters=(_REFRESH,)
    ),
    ("DELETE", "/api/weaver/{weaver_id}"): Operation(
        answers={204: ("It is going, or gone.", None)}, errors=(*_FINDING, Forbidden), parameters=(_VIA,)
    ),
    ("POST", "/api/weaver/{weaver_id}/extend"): Operation(
        answers={200: ("The weaver with its new lifetime.", answers.Weaver)},
        errors=(*_FINDING, InvalidLifetime, Forbidden, WeaverEnded),
        body=bodies.ExtendRequest,
        body_required=True,
    ),
    ("POST", "/api/weaver/{weaver_id}/ticket"): Operation(
        answers={200: ("Where to connect, and with what.", answers.IssuedTicket)},
        errors=(*_FINDING, Forbidden, WeaverEnded),
        body=bodies.TicketRequest,
    ),
    ("GET", "/api/weaver/{weaver_id}/attach"): Operation(
        answers={426: ("Open a WebSocket to `details.relay_url`.", answers.Error)},
        errors=(InvalidRequest, Misconfigured),
        authenticated=False,
    ),
    ("POST", "/api/weavers/cleanup"): Operation(
        answers={200: ("What was done, or would be.", answers.Sweep)},
        errors=(*_ASKING, Forbidden),
        body=bodies.CleanupRequest,
    ),
    ("GET", "/health"): Operation(
        answers={200: ("Healthy.", answers.Health), 503: ("Something is wrong.", answers.Health)},
        errors=(),
        authenticated=False,
    ),
    ("GET", "/openapi.json"): Operation(
        answers={200: ("This document.", answers.Document)}, errors=(Misconfigured,), authenticated=False
    ),
    ("GET", "/.well-known/jwks.json"): Operation(
        answers={200: ("The keys.", answers.KeySet)}, errors=(RetryLater, Misconfigured), authenticated=False
    ),
}  # fmt: skip
