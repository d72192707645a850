"""A second program in a running container: what ``exec`` starts."""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Sequence
from typing import Final

from local.kube.runtime import stdio
from local.kube.runtime.cgroups import Cgroup
from local.kube.runtime.config import ContainerConfig, ExecFailed, Isolation, Program, StartFailed
from local.kube.runtime.entry import START_ERROR
from local.kube.runtime.fanout import Fanout
from local.kube.runtime.process import Process

#: Output that is still under way when the program has ended is waited for this long, in seconds.
_DRAIN_SECONDS: Final = 2.0
_FAILED: Final = (
    'failed to exec in container: failed to start exec "{}": OCI runtime exec failed: exec failed: {}: unknown'
)


class Execution:
    """One program and one client's connection to it. The program does not need the client: it goes on when that leaves, and
    ends with its container at the latest. ``ended`` has its exit code."""

    def __init__(self, config: ContainerConfig, argv: Sequence[str], *, tty: bool, stdin: bool) -> None:
        self.tty = tty
        self.stdin = stdin
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._config = config
        self._argv = argv
        self._stdio = stdio.terminal(config.uid) if tty else stdio.pipes(stdin=stdin)
        self._fanout = Fanout(self._stdio.pause, self._stdio.resume)
        self._queue = self._fanout.add()
        self._process: Process | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self, isolation: Isolation, pid: int, pidfd: int, cgroup: Cgroup | None) -> None:
        """``pid`` and ``pidfd`` are the container's main process. Raises ExecFailed with the runtime's message."""
        try:
            self._process = Process(isolation.enter(self._config, pid, pidfd, self._program()), self._stdio.child)
        except (OSError, StartFailed) as error:
            self._stdio.close()
            self.ended.set_result(START_ERROR)
            raise self._failed(str(error)) from error
        finally:
            self._stdio.close_child()
        self._stdio.start(self._fanout.put)
        self._following = asyncio.create_task(self._follow(self._process))
        if cgroup is not None:
            cgroup.add(self._process.pid)
        why = await self._process.refusal()
        if why is not None:
            await asyncio.shield(self.ended)
            raise self._failed(f"unable to start container process: {why or 'the container could not be entered'}")

    def _program(self) -> Program:
        if not self._argv:
            raise StartFailed("args must not be empty")
        environment = {**({"TERM": "xterm"} if self.tty else {}), **self._config.env}  # as containerd
        return Program(self._argv, environment, self._config.workdir, self.tty)

    async def read(self) -> tuple[int, bytes] | None:
        """(channel 1 or 2, data); None when the program has ended or :meth:`close` was called."""
        return await self._queue.get()

    async def write(self, data: bytes) -> None:
        if self.stdin:
            await self._stdio.write(data)

    def close_stdin(self) -> None:
        self._stdio.close_input()

    def resize(self, rows: int, cols: int) -> None:
        self._stdio.resize(rows, cols)

    async def exit_code(self) -> int:
        return await asyncio.shield(self.ended)

    def close(self) -> None:
        """The client leaves: what reads from it reads its end, and what is written is nobody's."""
        self.close_stdin()
        self._queue.discard()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            if self._process is not None:
                self._process.signal(signal.SIGKILL)

    async def _follow(self, process: Process) -> None:
        code = await process.exit_code()
        self._stdio.drain()
        with contextlib.suppress(TimeoutError):  # it left something behind that holds its streams: what came is enough
            await asyncio.wait_for(self._stdio.drained.wait(), _DRAIN_SECONDS)
        self._stdio.close()
        self._fanout.end()
        self.ended.set_result(code)

    @staticmethod
    def _failed(why: str) -> ExecFailed:
        return ExecFailed(_FAILED.format(secrets.token_hex(32), why))
