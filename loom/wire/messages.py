"""The control messages of terminal protocol v2: JSON objects with a ``type``, one per text frame (see ``docs/protocol.md``).

An unknown ``type`` from the server is skipped by clients (:func:`decode_server` returns None), so that the server may
grow; from a client it is an error, so that a mistake is heard of.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

SUBPROTOCOL_V2: Final = "loom.terminal.v2"
#: Browsers cannot set headers: they offer the ticket as one more subprotocol, ``ticket.<jwt>``.
TICKET_SUBPROTOCOL_PREFIX: Final = "ticket."
#: A viewer that comes back offers its last resume token the same way, ``resume.<jwt>``: alone, or beside a new ticket.
RESUME_SUBPROTOCOL_PREFIX: Final = "resume."
#: The code of the HTTP error (409) for a viewer whose session is over; ``details`` has the fields of the :class:`Exit`.
VIEWER_OVER: Final = "viewer_over"

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
class WantRole:
    """Client: it gives up typing (``want`` observer), or asks for it back (driver).

    Granted up to what its ticket allows: a Status tells the role it has then. Refused with a Notice.
    """

    want: Role


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
class Resume:
    """Server: the token to come back with after the connection broke. Each replaces the one before; keep it secret.

    It names viewer, weaver and role, and is good for some minutes; a live connection gets a new one in time.
    """

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ack:
    """Server: so many bytes of this viewer's input were accepted, since it first came and across its connections.

    The first message on a connection that offered a resume token: the client then sends what follows that position, which may
    lie before one that was acknowledged. ``fresh`` is only in that one: nobody knows what came, and counting begins anew at 0.
    """

    bytes: int
    fresh: bool = False

    def __post_init__(self) -> None:
        if type(self.bytes) is not int or self.bytes < 0:
            raise WireError("ack: bytes must be a whole number, not below 0")


@dataclass(frozen=True, slots=True)
class Notice:
    """Server: one line for the person, shown outside the terminal's content. ``brief``: who misses it misses little."""

    text: str
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """Server, last message before it closes: why. ``code`` is the container's exit code when it ended, if known.

    *detached* the shell that this viewer typed in ended; *ended*, *expired*, *deleted* the weaver is over; *slow* the
    viewer took nothing for too long; *drain* the relay goes down: come back with the resume token. Nothing is accepted
    after the Ack before a *drain*: the client sends the rest again.
    """

    reason: ExitReason
    code: int | None = None


ClientMessage: TypeAlias = Resize | WantRole
ServerMessage: TypeAlias = Status | Resume | Ack | Notice | Exit

_TYPES: Final[dict[type, str]] = {
    Resize: "resize",
    WantRole: "role",
    Status: "status",
    Resume: "resume",
    Ack: "ack",
    Notice: "notice",
    Exit: "exit",
}


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
        case "role":
            return WantRole(want=_role(body, "want"))
        case unknown:
            raise WireError(f"unknown message type {unknown!r}")


def decode_server(frame: str) -> ServerMessage | None:
    """A server's control message, None for a type this client does not know. Raises WireError for a malformed one."""
    body = parse_object(frame)
    match body.get("type"):
        case "status":
            return _status(body)
        case "resume":
            return Resume(token=_field(body, "token", str))
        case "ack":
            return Ack(bytes=_field(body, "bytes", int), fresh=_field(body, "fresh", bool, False))
        case "notice":
            return Notice(text=_field(body, "text", str), brief=_field(body, "brief", bool, False))
        case "exit":
            return exit_of(body)
        case _:
            return None


def exit_of(body: Mapping[str, Any]) -> Exit:
    """The Exit with the fields of ``body``. Raises WireError."""
    reason = _field(body, "reason", str)
    if reason not in get_args(ExitReason):
        raise WireError(f"exit: unknown reason {reason!r}")
    return Exit(reason=reason, code=_field(body, "code", int, None))


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
        role=_role(body, "role"),
        viewers=_field(body, "viewers", int, 0),
        rows=_field(body, "rows", int, 0),
        cols=_field(body, "cols", int, 0),
        expires_at=_field(body, "expires_at", str, ""),
        reason=_field(body, "reason", str, None),
        message=_field(body, "message", str, None),
        stages=tuple(Stage(name=_field(stage, "name", str), at=_field(stage, "at", str)) for stage in stages),
    )


def _role(body: Mapping[str, Any], name: str) -> Role:
    role: Role = _field(body, name, str)
    if role not in get_args(Role):
        raise WireError(f"{body['type']}: unknown role {role!r}")
    return role


_REQUIRED: Final = object()


def _field(body: Mapping[str, Any], name: str, kind: type, default: Any = _REQUIRED) -> Any:
    value = body.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if type(value) is not kind:
        raise WireError(f"{body.get('type', 'message')}: {name} must be of type {kind.__name__}")
    return value
