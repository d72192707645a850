"""The framing of Kubernetes' streams over WebSocket: the first byte of a message is its channel.

``v5.channel.k8s.io`` and ``v4.channel.k8s.io``; the other three that Kubernetes speaks are refused. No I/O here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from local.kube.objects import Object

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4
CLOSE: Final = 255

V5: Final = "v5.channel.k8s.io"
V4: Final = "v4.channel.k8s.io"

#: Kubernetes speaks them too; clients that speak nothing newer are told that this server does not.
OLDER: Final = ("channel.k8s.io", "base64.channel.k8s.io", "v4.base64.channel.k8s.io")

SUCCESS: Final[Object] = {"metadata": {}, "status": "Success"}

_MAX_SIZE: Final = 65535


@dataclass(frozen=True, slots=True)
class Input:
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    rows: int
    cols: int


@dataclass(frozen=True, slots=True)
class UndecodableResize:
    """The API server ends the stream of sizes here, and says nothing."""


@dataclass(frozen=True, slots=True)
class CloseStdin:
    pass


@dataclass(frozen=True, slots=True)
class Violation:
    """The API server closes the connection with 1000 and without a Status."""


Message: TypeAlias = Input | Resize | UndecodableResize | CloseStdin | Violation


def negotiate(offered: Sequence[str]) -> str | None:
    """v5 before v4, in whatever order they were offered (recorded); None when neither was."""
    return next((protocol for protocol in (V5, V4) if protocol in offered), None)


def parse(protocol: str, frame: bytes) -> Message | None:
    """What a client's frame says; None for what is ignored: empty frames, unknown channels, output."""
    if not frame:
        return None
    channel, payload = frame[0], frame[1:]
    if channel == STDIN:
        return Input(payload) if payload else None
    if channel == RESIZE:
        return _resize(payload)
    if channel == CLOSE and protocol == V5:
        return _close(payload)
    return None


def frame(channel: int, data: bytes) -> bytes:
    return bytes((channel,)) + data


def status_frame(status: Object) -> bytes:
    return frame(ERROR, json.dumps(status, separators=(",", ":")).encode())


def _close(payload: bytes) -> Message | None:
    if len(payload) != 1 or payload[0] > RESIZE:
        return Violation()
    return CloseStdin() if payload[0] == STDIN else None


def _resize(payload: bytes) -> Message | None:
    """``{"Width": 80, "Height": 24}``, names in any case. An empty frame and 0×0 are ignored (recorded)."""
    if not payload:
        return None
    try:
        fields = {key.lower(): value for key, value in json.loads(payload).items()}
    except (ValueError, AttributeError, RecursionError):
        return UndecodableResize()
    width, height = fields.get("width", 0), fields.get("height", 0)
    if not all(type(size) is int and 0 <= size <= _MAX_SIZE for size in (width, height)):
        return UndecodableResize()
    return Resize(rows=height, cols=width) if width or height else None
