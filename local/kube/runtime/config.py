"""What a container is to be: decided by the kubelet, carried out by the runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Protocol


class StartFailed(Exception):
    """The container's program could not be started. The message is runc's, as far as it goes."""


class ExecFailed(Exception):
    """A program could not be started in a running container. The message is containerd's, as far as it goes."""


@dataclass(frozen=True, slots=True)
class Mount:
    """``source`` on the host, a folder or file, is ``path`` in the container."""

    source: Path
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """``folder`` is the container's own on the host; ``log`` the file its output goes to; limits are in bytes
    and in cores."""

    id: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    hostname: str
    uid: int
    gid: int
    folder: Path
    log: Path
    workdir: str = "/"
    groups: Sequence[int] = ()
    mounts: Sequence[Mount] = ()
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    has_loom: bool = False
    memory_limit: Decimal | None = None
    cpu_limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """What the container's main process becomes, as :mod:`local.kube.runtime.entry` reads it."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    workdir: str
    tty: bool

    def encoded(self, status: int) -> bytes:
        """NUL-separated; ``status`` is the descriptor to answer on. Raises StartFailed."""
        environment = [f"{name}={value}" for name, value in self.env.items()]
        words = [str(status), str(int(self.tty)), self.workdir, str(len(self.argv)), *self.argv, *environment]
        if any("\0" in word for word in words):
            raise StartFailed("a NUL character in command, args, env or workingDir")
        return "\0".join(words).encode()


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to start for a container, with an empty environment: what the container's would do to the programs that
    isolate it (``LD_PRELOAD``) must not happen. ``argv`` ends where ``entry``'s argument follows; ``inherited`` are descriptors
    that the process needs besides ``entry``'s."""

    argv: Sequence[str]
    cwd: str
    program: Program
    inherited: Sequence[int] = ()


class Isolation(Protocol):
    """How containers are kept apart from the host and from each other."""

    def open(self) -> None:
        """Makes ready what all containers need."""

    def launch(self, config: ContainerConfig, info: int, go: int) -> Launch:
        """The process for ``config``. If it is not itself the main process, it writes one JSON object with the main
        process as ``child-pid`` to the descriptor ``info``, and lets that begin once a byte came from ``go``."""

    def enter(self, config: ContainerConfig, pid: int, pidfd: int, program: Program) -> Launch:
        """The process for another program in the running container whose main process is ``pid``, ``pidfd`` a descriptor
        for it. It exits as the program does."""

    def end_all(self, config: ContainerConfig, pid: int) -> None:
        """The started process ``pid`` has ended: kills what is left of the container, returns when it is gone. Blocks."""
