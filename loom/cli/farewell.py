"""What a person is told when a terminal session is over, and the exit code that goes with it: pure."""

from loom.cli.labels import label, short_id
from loom.client.api import Weaver
from loom.printable import printable
from loom.wire import Exit, Status

#: A weaver that ended within so many seconds had no process that stays.
_AT_ONCE = 5.0
_HINT = "an image needs a main process that keeps running"


def come_back(weaver: Weaver) -> str:
    """The command that leads back."""
    return f"come back with: loom attach {short_id(weaver)}"


def farewell(
    left: Exit,
    weaver: Weaver,
    status: Status | None,
    seconds: float,
    undelivered: int = 0,
    record: Weaver | None = None,
) -> tuple[str, int]:
    """One line and an exit code for why the session is over, ``seconds`` after the weaver ran.

    ``record`` is what the API tells of it now: who deleted it, which the relay does not know. ``undelivered`` bytes were typed while there was no connection, and did not get to the weaver.

    0 for a detach and for a container that ended with 0; the container's own code when it ended, 1 when that is not known;
    1 for a weaver that expired or was deleted; 2 when the connection ended though the weaver did not.
    """
    name = label(weaver)
    match left.reason:
        case "detached":
            lost = f"; the last {undelivered} bytes that were typed were not delivered" if undelivered else ""
            return f"detached from {name}; {come_back(weaver)}{lost}", 0
        case "ended":
            code = left.code if left.code is not None and 0 <= left.code <= 255 else 1
            return _ended(left, weaver, status, seconds), code
        case "expired" | "deleted":
            return _deleted(left, name, record), 1
        case "slow":
            return f"this terminal was too slow for what {name} wrote; {come_back(weaver)}", 2
        case "drain":
            return f"the relay is being restarted, {name} keeps running; {come_back(weaver)}", 2


def unsaid(left: Exit) -> bool:
    """Whether the relay cannot know who or what ended the weaver."""
    return left.reason in ("expired", "deleted")


def _deleted(left: Exit, name: str, record: Weaver | None) -> str:
    """The record's word counts for more: the relay only saw the pod go, and knows the end that was planned when it came."""
    known = record if record and (record.get("ending") or record.get("ended_at")) else {}
    message = printable(str(known.get("message") or ""))
    if message.startswith("deleted"):
        return f"{name} was {message}"
    if known.get("reason", "Expired" if left.reason == "expired" else None) == "Expired":
        return f"{name} has expired: its lifetime is over"
    return f"{name} was deleted: {message}" if message else f"{name} was deleted"


def _ended(left: Exit, weaver: Weaver, status: Status | None, seconds: float) -> str:
    text = f"{label(weaver)} ended" + (f" with exit code {left.code}" if left.code is not None else "")
    if status and status.status in ("succeeded", "failed") and status.message:
        text = f"{label(weaver)} ended: {printable(status.message)}"
        if left.code is not None and f"exit code {left.code}" not in text:
            text += f" (exit code {left.code})"
    if seconds < _AT_ONCE and not weaver.get("has_session") and _HINT not in text:
        text += f"; {_HINT}"
    return text
