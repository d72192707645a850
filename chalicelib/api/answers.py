"""What the views answer, as models: only the OpenAPI document needs them, and only it imports them (they bring pydantic).

The views build plain JSON; a test holds every answer against these, with nothing missing and nothing beside.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from chalicelib.domain.pod_status import STAGES, WeaverStatus

_ANSWER: Final = ConfigDict(use_attribute_docstrings=True)
Stages = Annotated[dict[str, datetime], Field(json_schema_extra={"propertyNames": {"enum": list(STAGES)}})]


def _not_null(schema: JsonDict) -> None:
    """Of a field that is left out where there is nothing to say."""
    schema.pop("default")


class Resources(BaseModel):
    """Limits of the weaver container, as Kubernetes quantities."""

    model_config = _ANSWER

    memory_limit: str
    cpu_limit: str | None


class Ending(BaseModel):
    """Who or what ended the weaver, and when that was decided."""

    model_config = _ANSWER

    by: str | None
    """The user's id; null when no user did."""
    via: Literal["CLI", "Slack", "web", "CI", "API", "sweep", "cluster"]
    at: datetime


class Weaver(BaseModel):
    """A weaver. Environment values are write-only: they are not in it."""

    model_config = _ANSWER

    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    """A UUIDv7."""
    short_id: str
    """The last eight digits of the id, which people see and type."""
    name: str | None
    pod_name: str
    status: WeaverStatus
    reason: str | None
    """Why, in CamelCase as Kubernetes writes it; null when there is nothing to say."""
    message: str | None
    """Why, in one line for people."""
    stages: Stages
    """When each step of its start was reached; those not reached yet are not there."""
    image: str
    repo: str | None
    branch: str | None
    tags: dict[str, str]
    owner_user_id: str
    org_id: str
    cluster: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    """When its pod was gone: it is history since."""
    ending: Ending | None
    """Null until its end was decided."""
    lifetime_hours: float
    resources: Resources
    has_session: bool
    """Whether its main process is `loom session`, which outlives the shell in it."""


class Ticket(BaseModel):
    """Permission for one connection to the relay, within 60 seconds."""

    model_config = _ANSWER

    url: str
    """Where to connect: a WebSocket's URL."""
    ticket: str
    expires_at: datetime


class IssuedTicket(Ticket):
    """A ticket; with the weaver that it is for."""

    weaver: Weaver
    """As it was known last: its pod was not looked at."""


class CreatedWeaver(Weaver):
    """A weaver; with the ticket that was asked for."""

    attach: Annotated[Ticket | SkipJsonSchema[None], Field(json_schema_extra=_not_null)] = None
    """There when the request has `attach`."""


class WeaverPage(BaseModel):
    """Weavers, newest first."""

    model_config = _ANSWER

    weavers: list[Weaver]
    next_cursor: str | None
    """The `cursor` of the next page; null on the last one."""


class SweepStep(BaseModel):
    """What a sweep did, or would do, to one weaver, pod or counter."""

    model_config = _ANSWER

    action: Literal["expire", "undo", "finish", "force", "look", "lost", "orphan", "repair"]
    subject: str
    """The weaver's id, the pod's name, or the counter."""
    why: str


class Sweep(BaseModel):
    """What a sweep did, or with `dry_run` would do."""

    model_config = _ANSWER

    dry_run: bool
    deleted_count: int
    deleted_ids: Annotated[list[str], Field(max_length=1000)]
    more: bool
    """Not everything was done within the time."""
    steps: Annotated[list[SweepStep], Field(max_length=1000)]


class Check(BaseModel):
    """One dependency. `error` and `message` are there when it is not ok."""

    model_config = _ANSWER

    ok: bool
    latency_ms: float
    error: Annotated[str | SkipJsonSchema[None], Field(json_schema_extra=_not_null)] = None
    message: Annotated[str | SkipJsonSchema[None], Field(json_schema_extra=_not_null)] = None


class Checks(BaseModel):
    """The dependencies."""

    model_config = _ANSWER

    kubernetes: Check
    """Of the cluster that is worst off."""
    dynamodb: Check


class Health(BaseModel):
    """Whether the control plane can work."""

    model_config = _ANSWER

    status: Literal["healthy", "unhealthy"]
    version: str
    relay_url: str | None
    """Null where the deployment has none."""
    checks: Checks
    clusters: dict[str, Check]
    """Where weavers may run, by name."""


class KeySet(BaseModel):
    """The public keys of tickets: a JWK Set (RFC 7517)."""

    model_config = _ANSWER

    keys: list[dict[str, Any]]


class Document(BaseModel):
    """An OpenAPI document."""

    openapi: Literal["3.1.0"]


class ErrorDetails(BaseModel):
    """What went wrong."""

    model_config = _ANSWER

    code: str
    """Stable."""
    message: str
    """For people."""
    details: dict[str, Any]
    """`field` names the field of a request that is wrong; others depend on the code."""


class Error(BaseModel):
    """Every error."""

    model_config = _ANSWER

    error: ErrorDetails
