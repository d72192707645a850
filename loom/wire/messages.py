"""The control messages of terminal protocol v2: JSON objects with a ``type``, one per text frame.

An unknown ``type`` from the server is skipped by clients (:func:`decode_server` returns None), so that the server may
grow; from a client it is an error, so that a mistake is heard of.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

SUBPROTOCOL_V2: Final = "loom.terminal.v2"
#: Browsers cannot set headers: they offer the ticket as one more subprotocol, ``ticket.<jwt>``.
TICKET_SUBPROTOCOL_PREFIX: Final = "ticket."

#: A larger size is refused before it reaches Kubernetes: one undecodable resize wedges a stream for good.
MAX_ROWS: Final = 1_000
MAX_COLS: Final = 2_000

Role: TypeAlias = Literal["driver", "observer"]
ExitReason: TypeAlias = Literal["detached", "ended", "expired", "deleted", "slow", "drain"]


class WireError(ValueError):
    """A frame that is not what the protocol says; the message may be shown to the peer."""


@dataclass(frozen=True, slots=True)
class Resize:
    """Client: the size of its terminal, in character cells."""

    rows: int
    cols: int

    def __post_init__(self) -> None:
        for name, value, limit in (("rows", self.rows, MAX_ROWS), ("cols", self.cols, MAX_COLS)):
            if type(value) is not int or not 1 <= value <= limit:
                raise WireError(f"resize: {name} must be a whole number from 1 to {limit}")


@dataclass(frozen=True, slots=True)
class Stage:
    """One step towards the shell (DESIGN §2 *stages*), and when it was reached: RFC 3339 UTC."""

    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Status:
    """Server: how the weaver and the session are. Sent on connect and whenever any of it changes.

    ``status`` is the weaver's; while it is ``pending``, ``reason``, ``message`` and ``stages`` say what it waits for.
    The first binary frame comes only after a Status whose ``status`` is ``running``. ``rows`` and ``cols`` are the
    session's size in character cells, 0 while no driver has told one; ``expires_at`` is RFC 3339 UTC.
    """

    status: str
    role: Role
    viewers: int = 0
    rows: int = 0
    cols: int = 0
    expires_at: str = ""
    reason: str | None = None
    message: str | None = None
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Server: one line for the person, shown outside the terminal's content."""

    text: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Server, last message before it closes: why. ``code`` is the container's exit code when it ended, if known."""

    reason: ExitReason
    code: int | None = None


ClientMessage: TypeAlias = Resize
ServerMessage: TypeAlias = Status | Notice | Exit

_TYPES: Final[dict[type, str]] = {Resize: "resize", Status: "status", Notice: "notice", Exit: "exit"}


def encode(message: ClientMessage | ServerMessage) -> str:
    """The text frame that carries ``message``: ASCII, so that even a lone surrogate from somewhere cannot break it."""
    body = {name: value for name, value in asdict(message).items() if value is not None}
    return json.dumps({"type": _TYPES[type(message)], **body}, separators=(",", ":"))


def decode_client(frame: str) -> ClientMessage:
    """A client's control message. Raises WireError for anything that is none."""
    body = parse_object(frame)
    match body.get("type"):
        case "resize":
            return Resize(rows=_field(body, "rows", int), cols=_field(body, "cols", int))
        case unknown:
            raise WireError(f"unknown message type {unknown!r}")


def decode_server(frame: str) -> ServerMessage | None:
    """A server's control message, None for a type this client does not know. Raises WireError for a malformed one."""
    body = parse_object(frame)
    match body.get("type"):
        case "status":
            return _status(body)
        case "notice":
            return Notice(text=_field(body, "text", str))
        case "exit":
            reason = _field(body, "reason", str)
            if reason not in get_args(ExitReason):
                raise WireError(f"exit: unknown reason {reason!r}")
            code = None if body.get("code") is None else _field(body, "code", int)
            return Exit(reason=reason, code=code)
        case _:
            return None


def parse_object(frame: str) -> dict[str, Any]:
    """The JSON object that is the whole of ``frame``. Raises WireError."""
    try:
        body = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise WireError("a text frame must be a JSON object") from error
    if not isinstance(body, dict):
        raise WireError("a text frame must be a JSON object")
    return body


def _status(body: dict[str, Any]) -> Status:
    stages = body.get("stages", [])
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise WireError("status: stages must be a list of objects")
    return Status(
        status=_field(body, "status", str),
        role=_role(body),
        viewers=_field(body, "viewers", int, 0),
        rows=_field(body, "rows", int, 0),
        cols=_field(body, "cols", int, 0),
        expires_at=_field(body, "expires_at", str, ""),
        reason=_field(body, "reason", str, None),
        message=_field(body, "message", str, None),
        stages=tuple(Stage(name=_field(stage, "name", str), at=_field(stage, "at", str)) for stage in stages),
    )


def _role(body: dict[str, Any]) -> Role:
    role: Role = _field(body, "role", str)
    if role not in get_args(Role):
        raise WireError(f"{body['type']}: unknown role {role!r}")
    return role


_REQUIRED: Final = object()


def _field(body: dict[str, Any], name: str, kind: type, default: Any = _REQUIRED) -> Any:
    value = body.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if type(value) is not kind:
        raise WireError(f"{body.get('type', 'message')}: {name} must be of type {kind.__name__}")
    return value
