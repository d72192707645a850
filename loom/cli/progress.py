"""What is shown while a weaver starts: its stages with how long each took, and why it waits.

On a terminal the newest state stands on one line that is rewritten in place; elsewhere every change is a line of its own.
"""

import time
from collections.abc import Callable

from loom.cli.in_place import InPlace
from loom.printable import printable
from loom.wire import Status

#: Reasons to wait that belong to every start. Any other is trouble, and stays on the screen.
_ROUTINE = frozenset(
    {"Scheduling", "ContainerCreating", "PodInitializing", "Pulling", "Pulled", "Cloning", "Created", "Started"}
)
#: How often a terminal should be given the chance to show that time passes, in seconds.
TICK = 1.0


class Progress:
    """Times are seconds of ``clock``. ``created_at`` is when the weaver was asked for, None if that was not just now: then the
    stages that it has already reached have no time, and are not worth a word when it runs.
    """

    def __init__(
        self,
        shown: InPlace,
        created_at: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shown = shown
        self._clock = clock
        self._since = clock() if created_at is None else created_at  # of the last stage, as far as is known
        self._measured = created_at is not None
        self._stages: dict[str, float | None] = {}
        self._told: set[tuple[str | None, str | None]] = set()
        self._waiting: tuple[str, str] | None = ("connected", "")

    @property
    def in_place(self) -> bool:
        """Whether :meth:`tick` has something to show."""
        return self._shown.possible

    def update(self, status: Status) -> None:
        """Show what is new in ``status``. Why a weaver that ended did so, is for the farewell to tell."""
        now = self._clock()
        if self._measured or status.status != "running":
            for stage in status.stages:
                self._reached(printable(stage.name), now)
        self._measured = True
        reason, message = printable(status.reason or ""), printable(status.message or "")
        self._waiting = None
        if status.status == "pending":
            self._waiting = (reason or "waiting", message if reason in _ROUTINE else "")
            self._tell(reason, message)
        self.tick()

    def _reached(self, stage: str, now: float) -> None:
        if stage in self._stages or stage == "reserved":
            return
        self._stages[stage] = now - self._since if self._measured else None
        self._since = now
        if not self.in_place:
            self.line(_timed(stage, self._stages[stage]))

    def _tell(self, reason: str, message: str) -> None:
        """Trouble is told in full, and once; what is routine is told once where nothing can be shown in place."""
        if not reason or (reason in _ROUTINE and self.in_place):
            return
        key = (reason, None) if reason in _ROUTINE else (reason, message)
        if key in self._told:
            return
        self._told.add(key)
        self.line(f"waiting: {reason}" if reason in _ROUTINE or not message else f"waiting: {reason}: {message}")

    def tick(self) -> None:
        """Draw the line that is rewritten, if there is one."""
        if not self.in_place:
            return
        parts = self._timed_stages()
        if self._waiting:
            reason, message = self._waiting
            waited = f"{reason} {self._clock() - self._since:.0f}s"
            parts.append(f"{waited}: {message}" if message else waited)
        if parts:
            self._shown.draw(" · ".join(parts))

    def line(self, text: str) -> None:
        """A line that stays."""
        self._shown.line(text)

    def done(self) -> None:
        """Leave the stages on the screen and go to the next line."""
        if self._stages:
            self._shown.draw(" · ".join(self._timed_stages()))
            self._shown.keep()
        self._shown.clear()

    def _timed_stages(self) -> list[str]:
        return [_timed(name, seconds) for name, seconds in self._stages.items()]


def _timed(name: str, seconds: float | None) -> str:
    return name if seconds is None else f"{name} {seconds:.1f}s"
