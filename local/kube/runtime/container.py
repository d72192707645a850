"""One container from its start to its end."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Sequence
from typing import Final

from local.kube.containerlog import ContainerLog
from local.kube.runtime import stdio
from local.kube.runtime.cgroups import Cgroups
from local.kube.runtime.config import ContainerConfig, ExecFailed, Isolation, StartFailed
from local.kube.runtime.entry import START_ERROR
from local.kube.runtime.execution import Execution
from local.kube.runtime.fanout import Fanout, Queue
from local.kube.runtime.guard import Guard
from local.kube.runtime.process import Process, read_all

#: Output that is still under way when everything has ended is waited for this long.
_DRAIN_SECONDS: Final = 2.0
_SANDBOX_FAILED: Final = "the container's sandbox could not be made"


class Container:
    """A running container. ``ended`` has its exit code, 128 + n for signal n, once all its processes are gone and its log
    is complete; ``was_out_of_memory`` then tells whether the kernel killed one of them for that. Raises OSError."""

    def __init__(self, config: ContainerConfig, isolation: Isolation, guard: Guard, cgroups: Cgroups) -> None:
        self.config = config
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._isolation = isolation
        self._guard = guard
        self._cgroup = cgroups.group(config.id, config.memory_limit, config.cpu_limit)
        self._log = ContainerLog(config.log)
        self._stdio = stdio.terminal(config.uid) if config.tty else stdio.pipes(stdin=config.stdin)
        self._fanout = Fanout(self._stdio.pause, self._stdio.resume)
        self._process: Process | None = None
        self._main: int | None = None
        self._main_pid: int | None = None
        self._following: asyncio.Task[None] | None = None
        self._has_started = False
        self._executions: set[Execution] = set()
        self.was_out_of_memory = False

    async def start(self) -> None:
        """Returns when the program runs. Raises StartFailed when it does not; then everything is cleaned up."""
        info, info_child = os.pipe()
        go_child, go = os.pipe()
        try:
            launch = self._isolation.launch(self.config, info_child, go_child)
            self._process = Process(launch, self._stdio.child)
        except (OSError, StartFailed) as error:
            for descriptor in (info, go):
                os.close(descriptor)
            self._close()
            self.ended.set_result(START_ERROR)
            raise StartFailed(f"{_SANDBOX_FAILED}: {error}") from error
        finally:
            self._stdio.close_child()
            for descriptor in (info_child, go_child):
                os.close(descriptor)
        self._stdio.start(self._output)
        self._following = asyncio.create_task(self._follow(self._process))
        await self._guarded(self._process, info, go)
        why = await self._process.refusal()
        if why is not None:
            await self.kill()
            raise StartFailed(why or _SANDBOX_FAILED)
        self._has_started = True

    async def _guarded(self, process: Process, info: int, go: int) -> None:
        """The main process begins only once it is sure to end with this server."""
        told = await read_all(info)
        if not self.ended.done():
            self._main_pid = json.loads(told)["child-pid"] if told else process.pid
            self._guard.watch(self._main_pid, self.config.id)
            if self._cgroup is not None:
                self._cgroup.add(self._main_pid)
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                self._main = os.pidfd_open(self._main_pid)
        with contextlib.suppress(BrokenPipeError):  # as above
            os.write(go, b".")
        os.close(go)

    @property
    def is_running(self) -> bool:
        return self._has_started and not self.ended.done()

    def attach(self) -> "Attachment":
        return Attachment(self, self._fanout.add())

    async def execute(self, argv: Sequence[str], *, tty: bool, stdin: bool) -> Execution:
        """Starts another program in the container. Raises ExecFailed."""
        if not self.is_running or self._main is None or self._main_pid is None:
            raise ExecFailed(f'container "{self.config.id}" is not running')
        execution = Execution(self.config, argv, tty=tty, stdin=stdin)
        self._executions.add(execution)
        execution.ended.add_done_callback(lambda _: self._executions.discard(execution))
        try:
            await execution.start(self._isolation, self._main_pid, self._main, self._cgroup)
        except BaseException:
            execution.close()
            raise
        return execution

    async def stop(self, grace: float) -> int:
        """SIGTERM to the main process, SIGKILL to everything ``grace`` seconds later. Returns the exit code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.ended), grace)
        return await self.kill()

    async def kill(self) -> int:
        """Returns the exit code when everything is gone."""
        self.end_now()
        return await asyncio.shield(self.ended)

    def end_now(self) -> None:
        self._signal(signal.SIGKILL)

    async def write(self, data: bytes) -> None:
        await self._stdio.write(data)

    def close_stdin(self) -> None:
        """As the kubelet does when a client closes its stdin: only ``stdinOnce`` passes it on."""
        if self.config.stdin_once:
            self._stdio.close_input()

    def resize(self, rows: int, cols: int) -> None:
        self._stdio.resize(rows, cols)

    def _output(self, channel: int, data: bytes) -> None:
        self._log.write(channel, data)
        self._fanout.put(channel, data)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            if self._main is not None:
                signal.pidfd_send_signal(self._main, number)
            elif self._process is not None:
                self._process.signal(number)

    async def _follow(self, process: Process) -> None:
        code = await process.exit_code()
        await asyncio.to_thread(self._isolation.end_all, self.config, process.pid)
        executions = tuple(self._executions)
        for execution in executions:
            execution.kill()
        self._stdio.drain()
        with contextlib.suppress(TimeoutError):  # someone outside holds the terminal open: what came is enough
            await asyncio.wait_for(self._stdio.drained.wait(), _DRAIN_SECONDS)
        await asyncio.gather(*(execution.exit_code() for execution in executions))
        self._close()
        self.ended.set_result(code)

    def _close(self) -> None:
        self._stdio.close()
        self._log.close()
        self._fanout.end()
        if self._cgroup is not None:
            self.was_out_of_memory = self._cgroup.was_out_of_memory()
            self._cgroup.close()
        if self._main is not None:
            os.close(self._main)
            self._main = None
        if self._main_pid is not None:
            self._guard.forget(self._main_pid, self.config.id)


class Attachment:
    """One attacher's streams. The container does not care whether anyone is attached."""

    def __init__(self, container: Container, queue: Queue) -> None:
        self._container = container
        self._queue = queue

    @property
    def tty(self) -> bool:
        return self._container.config.tty

    @property
    def stdin(self) -> bool:
        return self._container.config.stdin

    async def read(self) -> tuple[int, bytes] | None:
        """(channel 1 or 2, data); None when the container is over or :meth:`close` was called. Whoever does not read stops the
        container (see :mod:`local.kube.runtime.fanout`)."""
        return await self._queue.get()

    async def write(self, data: bytes) -> None:
        """To the container's stdin; returns when it was taken. Ignored where there is no stdin, as in Kubernetes."""
        if self.stdin:
            await self._container.write(data)

    def close_stdin(self) -> None:
        self._container.close_stdin()

    def resize(self, rows: int, cols: int) -> None:
        self._container.resize(rows, cols)

    def close(self) -> None:
        """Detaches."""
        self._queue.discard()
