"""What a session knows of one viewer, and of the weaver that it shows."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from loom.wire import Accepted, Exit, Resize, Role, Stage, Status
from relay.core.outbox import Outbox
from relay.core.painting import Painter


@dataclass(frozen=True, slots=True)
class WeaverState:
    """What is known of the weaver, as told in Status messages (see :class:`loom.wire.Status`)."""

    status: str = "pending"
    reason: str | None = None
    message: str | None = None
    stages: tuple[Stage, ...] = ()


@dataclass(eq=False, slots=True)
class Typing:
    """One viewer's input over all its connections, and its ``id`` in :mod:`loom.wire.tags`: another one whenever counting begins anew.

    ``moved`` is called when there may be more to acknowledge.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    accepted: Accepted = field(default_factory=Accepted)
    moved: Callable[[], None] = lambda: None


@dataclass(eq=False, slots=True)
class Viewer:
    """One connection to the session. ``may`` is the most that its ticket allows; ``resumed``: it shows an earlier screen."""

    id: str
    may: Role
    role: Role
    outbox: Outbox
    typing: Typing = field(default_factory=Typing)
    resumed: bool = False
    user_id: str = ""
    expires_at: str = ""  # the weaver's, as the viewer's ticket says; RFC 3339
    size: Resize | None = None
    ready: bool = False
    live: bool = False
    painter: Painter | None = None  # while it is painted
    behind: bool = False
    stale: bool = False  # painted, and not as the screen is now
    missed: int = 0  # bytes of output since the last repaint
    exit: Exit | None = None  # set when the session is over for this viewer
    told: Status | None = None
