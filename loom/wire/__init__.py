"""The terminal protocol between a viewer and the relay, sans-I/O: values in, values out, no sockets.

*v2* (subprotocol :data:`SUBPROTOCOL_V2`): binary frames are terminal bytes, text frames are JSON control messages.
*v1* (no subprotocol offered; the original API): text frames both ways, see :mod:`loom.wire.v1`.
"""

from loom.wire.delivery import Accepted, Outgoing
from loom.wire.messages import (
    MAX_COLS,
    MAX_ROWS,
    RESUME_SUBPROTOCOL_PREFIX,
    SUBPROTOCOL_V2,
    TICKET_SUBPROTOCOL_PREFIX,
    VIEWER_OVER,
    Ack,
    ClientMessage,
    Exit,
    ExitReason,
    Notice,
    Resize,
    Resume,
    Role,
    ServerMessage,
    Stage,
    Status,
    WantRole,
    WireError,
    decode_client,
    decode_server,
    encode,
    exit_of,
)
from loom.wire.private import SHELL_ENDED, TAKES_TAGS, PrivateSequences, ShellEnded, Snapshot, parse_snapshot
from loom.wire.tags import LONGEST_TAG, MOST_INPUTS, TAG, tagged
from loom.wire.v1 import Utf8Stream, decode_v1_client

__all__ = [
    "LONGEST_TAG",
    "MAX_COLS",
    "MAX_ROWS",
    "MOST_INPUTS",
    "RESUME_SUBPROTOCOL_PREFIX",
    "SHELL_ENDED",
    "SUBPROTOCOL_V2",
    "TAG",
    "TAKES_TAGS",
    "TICKET_SUBPROTOCOL_PREFIX",
    "VIEWER_OVER",
    "Accepted",
    "Ack",
    "ClientMessage",
    "Exit",
    "ExitReason",
    "Notice",
    "Outgoing",
    "PrivateSequences",
    "Resize",
    "Resume",
    "Role",
    "ServerMessage",
    "ShellEnded",
    "Snapshot",
    "Stage",
    "Status",
    "Utf8Stream",
    "WantRole",
    "WireError",
    "decode_client",
    "decode_server",
    "decode_v1_client",
    "encode",
    "exit_of",
    "parse_snapshot",
    "tagged",
]
