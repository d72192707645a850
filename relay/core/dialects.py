"""The two protocols that viewers speak (DESIGN §6), behind one face: items of an outbox to frames, frames to input."""

from typing import Final, Protocol

from loom.wire import (
    Ack,
    ClientMessage,
    Exit,
    Notice,
    Resize,
    Resume,
    Status,
    Utf8Stream,
    WireError,
    decode_client,
    decode_v1_client,
    encode,
)
from relay.core.outbox import Item

Frame = str | bytes

#: Characters of a control message.
CONTROL_LIMIT: Final = 4096


class Dialect(Protocol):
    """One viewer's protocol. Holds state: one instance a connection."""

    def encode(self, item: Item) -> Frame | None:
        """The frame for ``item``; None when this protocol has nothing to say about it."""

    def decode(self, frame: Frame) -> ClientMessage | bytes:
        """What the viewer sent: a control message, or input for the container. Raises WireError."""


class V2:
    """``loom.terminal.v2``: binary frames are bytes, text frames are control messages."""

    def encode(self, item: Item) -> Frame | None:
        return item if isinstance(item, bytes) else encode(item)

    def decode(self, frame: Frame) -> ClientMessage | bytes:
        if isinstance(frame, bytes):
            return frame
        if len(frame) > CONTROL_LIMIT:
            raise WireError(f"a control message has at most {CONTROL_LIMIT} characters")
        return decode_client(frame)


class V1:
    """The original protocol: text both ways. What v2 says in control messages becomes lines of text that begin with ``loom:``."""

    def __init__(self) -> None:
        self._text = Utf8Stream()
        self._told: set[str] = set()

    def encode(self, item: Item) -> Frame | None:
        match item:
            case bytes():
                return self._text.feed(item) or None
            case Status():
                return _lines(*self._news(item)) or None
            case Notice(brief=True):
                return None  # it is not worth a line among the program's
            case Notice(text):
                return _lines(text)
            case Ack() | Resume():
                return None
            case Exit():
                return "\r\n" + _lines(exit_text(item))

    def decode(self, frame: Frame) -> Resize | bytes:
        if isinstance(frame, bytes):
            return frame
        try:
            return decode_v1_client(frame)
        except TypeError as error:
            raise WireError("resize: rows and cols must be whole numbers") from error

    def _news(self, status: Status) -> list[str]:
        """What this status tells that was not told before."""
        lines = [stage.name for stage in status.stages]
        if status.status != "running" and (status.reason or status.message):
            lines.append(": ".join(filter(None, (status.reason, status.message))))
        news = [line for line in lines if line not in self._told]
        self._told.update(news)
        return news


def exit_text(message: Exit) -> str:
    """Why a connection ends, for a person who sees only text."""
    match message.reason:
        case "ended" if message.code is not None:
            return f"the weaver ended with exit code {message.code}"
        case "ended":
            return "the weaver ended"
        case "detached":
            return "detached; the weaver keeps running"
        case "expired":
            return "the weaver's lifetime is over"
        case "deleted":
            return "the weaver was deleted"
        case "slow":
            return "this connection was too slow"
        case "drain":
            return "the relay restarts; connect again"


def _lines(*texts: str) -> str:
    return "".join(f"loom: {text}\r\n" for text in texts)
