"""Limits of memory and cpu by control groups, version 1: where their folders may be written, which is as root on such a system.

https://www.kernel.org/doc/Documentation/cgroup-v1/: memory.txt, and scheduler/sched-bwc.txt for the cpu.
"""

import contextlib
import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_PERIOD: Final = 100_000
_SHORTEST_QUOTA: Final = 1000


class Cgroups:
    """The groups of one server, in one of its own that is named for it: what a server left that was killed, the next removes."""

    def __init__(self) -> None:
        self.are_enforced = False
        name = f"loom-{os.getpid()}-{secrets.token_hex(4)}"
        self._memory, self._cpu = _ROOT / "memory" / name, _ROOT / "cpu" / name

    def open(self) -> None:
        """Finds out whether limits can be enforced here."""
        for parent in (self._memory.parent, self._cpu.parent):
            for folder in parent.glob("loom-*"):
                if not Path("/proc", folder.name.split("-")[1]).exists():
                    _remove(folder)
        try:
            self._memory.mkdir()
            self._cpu.mkdir()
        except OSError:
            return
        self.are_enforced = (self._memory / "memory.oom_control").exists() and (self._cpu / "cpu.cfs_quota_us").exists()

    def group(self, name: str, memory: Decimal | None, cpu: Decimal | None) -> "Cgroup | None":
        """For a container with these limits, in bytes and in cores. Raises OSError."""
        if not self.are_enforced or (memory is None and cpu is None):
            return None
        return Cgroup(
            {} if memory is None else {self._memory / name: {"memory.limit_in_bytes": str(int(memory))}},
            {} if cpu is None else {self._cpu / name: _quota(cpu)},
        )

    def close(self) -> None:
        for folder in (self._memory, self._cpu):
            _remove(folder)


class Cgroup:
    """One container's: a folder, and what is written to its files, for memory and for cpu."""

    def __init__(self, memory: dict[Path, dict[str, str]], cpu: dict[Path, dict[str, str]]) -> None:
        self._memory = next(iter(memory), None)
        self._folders = [*memory, *cpu]
        for folder, limits in {**memory, **cpu}.items():
            folder.mkdir()
            for name, value in limits.items():
                folder.joinpath(name).write_text(value)

    def add(self, pid: int) -> None:
        """The process, and whatever it starts from now on."""
        for folder in self._folders:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                folder.joinpath("cgroup.procs").write_text(str(pid))

    def was_out_of_memory(self) -> bool:
        """Whether the kernel killed one of the processes for want of memory."""
        if self._memory is None:
            return False
        lines = self._memory.joinpath("memory.oom_control").read_text().splitlines()
        return any(line.startswith("oom_kill ") and int(line.split()[1]) > 0 for line in lines)

    def close(self) -> None:
        """All processes have ended."""
        for folder in self._folders:
            _remove(folder)


def _quota(cpu: Decimal) -> dict[str, str]:
    return {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(max(_SHORTEST_QUOTA, int(cpu * _PERIOD)))}


def _remove(folder: Path) -> None:
    """With the groups in it. One that still has a process stays: the next server removes it."""
    with contextlib.suppress(OSError):
        for inner in (*folder.glob("*/"), folder):
            inner.rmdir()
