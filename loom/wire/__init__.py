"""The terminal protocol between a viewer and the relay, sans-I/O: values in, values out, no sockets.

*v2* (subprotocol :data:`SUBPROTOCOL_V2`): binary frames are terminal bytes, text frames are JSON control messages.
*v1* (no subprotocol offered; the original API): text frames both ways, see :mod:`loom.wire.v1`.
"""

from loom.wire.messages import (
    MAX_COLS,
    MAX_ROWS,
    SUBPROTOCOL_V2,
    TICKET_SUBPROTOCOL_PREFIX,
    ClientMessage,
    Exit,
    ExitReason,
    Notice,
    Resize,
    Role,
    ServerMessage,
    Stage,
    Status,
    WireError,
    decode_client,
    decode_server,
    encode,
)
from loom.wire.private import SHELL_ENDED, PrivateSequences, ShellEnded
from loom.wire.v1 import Utf8Stream, decode_v1_client

__all__ = [
    "MAX_COLS",
    "MAX_ROWS",
    "SHELL_ENDED",
    "SUBPROTOCOL_V2",
    "TICKET_SUBPROTOCOL_PREFIX",
    "ClientMessage",
    "Exit",
    "ExitReason",
    "Notice",
    "PrivateSequences",
    "Resize",
    "Role",
    "ServerMessage",
    "ShellEnded",
    "Stage",
    "Status",
    "Utf8Stream",
    "WireError",
    "decode_client",
    "decode_server",
    "decode_v1_client",
    "encode",
]
