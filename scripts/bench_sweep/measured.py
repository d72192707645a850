"""What was measured of a sweep, and the processor time that Linux says others took for it."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measured:
    """One sweep. ``processor_seconds`` and ``memory`` (its peak, MiB) are those of the sweeping process, ``calls`` the requests it
    sent, by operation and verb. ``steps`` were done, ``ended`` is how many of them brought a weaver to its end.
    """

    seconds: float
    processor_seconds: float
    memory: float
    calls: dict[str, int]
    steps: int
    ended: int
    failed: int

    @property
    def calls_a_step(self) -> float:
        return sum(self.calls.values()) / self.steps


def peak_memory() -> float:
    """MiB of this process so far. Not ``ru_maxrss``, which begins with that of the process it was started by."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def processor_seconds(word: str) -> float:
    """What the processes with ``word`` among the words of their command line have taken so far."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                after_name = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += int(after_name[11]) + int(after_name[12])  # utime, stime: proc(5)
        except OSError:  # it has ended
            continue
    return ticks / os.sysconf("SC_CLK_TCK")
