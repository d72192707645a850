"""What is shown while a weaver starts: its stages with how long each took, and why it waits.

On a terminal the newest state stands on one line that is rewritten in place; elsewhere every change is a line of its own.
"""

import time
from collections.abc import Callable
from typing import TextIO

from loom.printable import printable
from loom.wire import Status

#: Reasons to wait that belong to every start. Any other is trouble, and stays on the screen.
_ROUTINE = frozenset(
    {"Scheduling", "ContainerCreating", "PodInitializing", "Pulling", "Pulled", "Cloning", "Created", "Started"}
)
#: How often a terminal should be given the chance to show that time passes, in seconds.
TICK = 1.0


class Progress:
    """Writes to ``stream``; ``width`` gives a terminal's columns, None when ``stream`` is none. Times are seconds of ``clock``."""

    def __init__(
        self, stream: TextIO, width: Callable[[], int] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._width = width
        self._clock = clock
        self._started = self._last_stage_at = clock()
        self._stages: dict[str, float | None] = {}
        self._told: set[tuple[str | None, str | None]] = set()
        self._waiting = ""
        self._drawn = False

    @property
    def in_place(self) -> bool:
        """Whether :meth:`tick` has something to show."""
        return self._width is not None

    def update(self, status: Status) -> None:
        """Show what is new in ``status``."""
        now = self._clock()
        first = not self._told and not self._stages
        for stage in status.stages:
            if stage.name not in self._stages and stage.name != "reserved":
                # What was reached before we came took some time that we did not measure.
                known = None if first and now - self._started > TICK else now - self._last_stage_at
                self._stages[printable(stage.name)] = known
                self._last_stage_at = now
                if not self.in_place:
                    self.line(_timed(printable(stage.name), known))
        reason, message = printable(status.reason or ""), printable(status.message or "")
        self._waiting = ": ".join(filter(None, (reason, message))) if status.status != "running" else ""
        self._tell(status.status, reason, message)
        self.tick()

    def _tell(self, status: str, reason: str, message: str) -> None:
        """Trouble is told in full, and once; what is routine is told once where nothing can be shown in place."""
        if not reason or (reason in _ROUTINE and self.in_place):
            return
        key = (reason, None) if reason in _ROUTINE else (reason, message)
        if key in self._told:
            return
        self._told.add(key)
        verb = "waiting" if status == "pending" else status
        self.line(f"{verb}: {reason}" if reason in _ROUTINE or not message else f"{verb}: {reason}: {message}")

    def tick(self) -> None:
        """Draw the line that is rewritten, if there is one."""
        if self._width is None:
            return
        stages = " · ".join(_timed(name, seconds) for name, seconds in self._stages.items())
        waited = self._clock() - self._last_stage_at
        waiting = f"{self._waiting or 'waiting'} {waited:.0f}s" if "ready" not in self._stages else ""
        self._draw(" · ".join(filter(None, (stages, waiting))))

    def line(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._stream.write(f"loom: {printable(text)}\n")
        self._stream.flush()

    def done(self) -> None:
        """Leave the stages on the screen and go to the next line."""
        self._waiting = ""
        if self._width is not None and self._stages:
            self._draw(" · ".join(_timed(name, seconds) for name, seconds in self._stages.items()))
            self._stream.write("\n")
            self._stream.flush()
            self._drawn = False
        self.clear()

    def clear(self) -> None:
        """Take the rewritten line away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False

    def _draw(self, text: str) -> None:
        width = self._width() if self._width else 0
        room = max(8, width - 7)  # "loom: ", and the last column, where terminals disagree about wrapping
        cut = text if len(text) <= room else text[: room - 1] + "…"
        self._stream.write(f"\r\x1b[Kloom: {cut}")
        self._stream.flush()
        self._drawn = True


def _timed(name: str, seconds: float | None) -> str:
    return name if seconds is None else f"{name} {seconds:.1f}s"
