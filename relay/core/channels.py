"""The frames of Kubernetes' streaming protocol ``v5.channel.k8s.io``: one channel byte, then the payload.

Source: the recorded streams of Kubernetes 1.36 (``tests/recordings/kubernetes/streams``). The server sends empty frames
now and then; the last thing it sends is a Status on the error channel, and attach says Success whatever the exit code was.
"""

import json
from dataclasses import dataclass
from typing import Final

from loom.wire import Resize

SUBPROTOCOL: Final = "v5.channel.k8s.io"

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4

#: Larger pieces would make one keystroke wait behind a whole paste, and mix with those of another stream: this is what a pipe on
#: the way takes as one (PIPE_BUF, pipe(7)).
STDIN_PIECE: Final = 4096


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How a stream ended, as the server told on the error channel."""

    success: bool
    message: str = ""


def stdin_frames(data: bytes) -> list[bytes]:
    """``data`` as frames for the container's input, in order."""
    head = bytes((STDIN,))
    return [head + data[start : start + STDIN_PIECE] for start in range(0, len(data), STDIN_PIECE)]


def resize_frame(size: Resize) -> bytes:
    """A frame that sets the terminal's size. ``Resize`` is valid by construction: a bad one would wedge the stream for good."""
    return bytes((RESIZE,)) + json.dumps({"Width": size.cols, "Height": size.rows}).encode()


def parse_status(payload: bytes) -> StreamStatus:
    """What an error channel's payload says. Anything that is no Status counts as a failure with its text."""
    try:
        body = json.loads(payload)
    except ValueError:
        return StreamStatus(success=False, message=payload.decode(errors="replace"))
    if not isinstance(body, dict):
        return StreamStatus(success=False, message=str(body))
    return StreamStatus(success=body.get("status") == "Success", message=str(body.get("message", "")))
