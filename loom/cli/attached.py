"""What ``loom attach`` and ``loom new`` end in: wait until the weaver runs, be its terminal, tell how it went."""

import argparse
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from typing import TypeAlias

from loom.cli.farewell import come_back, farewell, unsaid
from loom.cli.in_place import InPlace
from loom.cli.labels import label
from loom.cli.options import settings_of
from loom.cli.output import say, telling
from loom.cli.progress import Progress
from loom.cli.signals import Signals, Terminated
from loom.cli.terminal import Terminal
from loom.cli.viewer import Viewer
from loom.client.api import Api, Ticket, Weaver
from loom.client.errors import ApiError, ConnectionFailed, ConnectionLost, LoomError
from loom.client.link import Link, NewTicket
from loom.client.relay import connect
from loom.wire import Exit, Role

#: What the API tells of a weaver now; None where it does not answer.
Record: TypeAlias = Callable[[], Weaver | None]
#: Seconds that a farewell waits for it.
_IN_PASSING = 3.0


def tickets_for(options: argparse.Namespace, weaver: Weaver, role: Role = "driver") -> NewTicket:
    """New tickets for a connection that broke. Asked for from another thread, and without a word: the screen is the session's."""
    return lambda: Api(settings_of(options).config(), lambda _what: nullcontext()).ticket(weaver["id"], role)


def record_of(options: argparse.Namespace, weaver: Weaver) -> Record:
    """Asks what has become of it, in passing, and over a connection of its own: an old one may have died in silence."""

    def record() -> Weaver | None:
        try:
            api = Api(settings_of(options).config(), lambda _what: nullcontext(), timeout=_IN_PASSING)
            return api.get(weaver["id"], refresh=True)
        except LoomError:
            return None

    return record


def be_terminal(
    weaver: Weaver,
    ticket: Ticket,
    new_ticket: NewTicket,
    record: Record,
    created_at: float | None = None,
    *,
    observing: bool = False,
) -> int:
    """Wait for the weaver, then be the user's terminal in it. Returns the exit code.

    ``created_at`` is when it was asked for, in ``time.monotonic()`` seconds, if this process did.
    Raises KeyboardInterrupt while waiting; ConnectionFailed, ConnectionLost and ApiError, telling how to come back.
    """
    progress = _progress(created_at)
    if weaver.get("has_session") is False:
        progress.line("this image runs no loom session: exit and Ctrl+D end the weaver, Ctrl+P Ctrl+Q detaches")
    if observing:
        progress.line("observing: what is typed here goes nowhere; Ctrl+P Ctrl+Q leaves")
    link = _linked(weaver, ticket, new_ticket)
    try:
        with closing(link), Signals() as signals, Terminal() as terminal:
            terminal.quiet()
            viewer = Viewer(link, signals)
            left = _wait(viewer, progress, terminal)
            ran_from = time.monotonic()
            if left is None:
                if created_at is None:
                    terminal.make_room()
                left = viewer.attach(terminal)
    except Terminated as error:
        return error.exit_code
    except (ConnectionLost, ApiError) as error:
        raise _lost(weaver, error) from error
    seconds = time.monotonic() - ran_from
    now = record() if unsaid(left) else None
    text, code = farewell(left, weaver, viewer.status, seconds, link.undelivered, now)
    say(text)
    return code


def wait_until_running(
    weaver: Weaver, ticket: Ticket, new_ticket: NewTicket, record: Record, created_at: float
) -> tuple[str, int] | None:
    """Without a terminal to attach: only wait, and show for what. Returns the farewell to a weaver that will not run.

    Raises KeyboardInterrupt, Terminated, ConnectionFailed, ConnectionLost, ApiError.
    """
    link = _linked(weaver, ticket, new_ticket)
    try:
        with closing(link), Signals() as signals:
            viewer = Viewer(link, signals)
            left = _wait(viewer, _progress(created_at), None)
    except (ConnectionLost, ApiError) as error:
        raise _lost(weaver, error) from error
    if not left:
        return None
    return farewell(left, weaver, viewer.status, 0.0, record=record() if unsaid(left) else None)


def _wait(viewer: Viewer, progress: Progress, terminal: Terminal | None) -> Exit | None:
    try:
        return viewer.wait(progress, terminal)
    finally:
        progress.done()


def _progress(created_at: float | None) -> Progress:
    return Progress(InPlace.on_stderr(), created_at)


def _linked(weaver: Weaver, ticket: Ticket, new_ticket: NewTicket) -> Link:
    try:
        with telling("the relay"):
            return Link(ticket.url, connect(ticket), new_ticket)
    except ConnectionFailed as error:
        raise ConnectionFailed(f"{error}; {label(weaver)} is not affected; {come_back(weaver)}") from error
    except ApiError as error:
        message = f"the relay refused: {error}; {come_back(weaver)}"
        raise ApiError(error.status, error.code, message, error.details) from error


def _lost(weaver: Weaver, error: ConnectionLost | ApiError) -> ConnectionLost:
    if isinstance(error, ApiError):
        return ConnectionLost(f"lost the connection to {label(weaver)} and may not come back: {error}")
    return ConnectionLost(
        f"lost the connection to the relay: {error}; {label(weaver)} keeps running; {come_back(weaver)}"
    )
