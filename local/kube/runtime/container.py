"""One container from its start to its end."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from typing import BinaryIO, Final

from local.kube.containerlog import ContainerLog
from local.kube.runtime import stdio
from local.kube.runtime.config import ContainerConfig, Isolation, StartFailed
from local.kube.runtime.entry import START_ERROR
from local.kube.runtime.fanout import Fanout, Queue
from local.kube.runtime.guard import Guard

#: Output that is still under way when everything has ended is waited for this long.
_DRAIN_SECONDS: Final = 2.0
_SANDBOX_FAILED: Final = "the container's sandbox could not be made"


class Container:
    """A running container. ``ended`` has its exit code, 128 + n for signal n, once all its processes are gone and its log
    is complete."""

    def __init__(self, config: ContainerConfig, isolation: Isolation, guard: Guard) -> None:
        self.config = config
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._isolation = isolation
        self._guard = guard
        self._log = ContainerLog(config.log)
        self._stdio = stdio.terminal(config.uid) if config.tty else stdio.pipes(stdin=config.stdin)
        self._fanout = Fanout(self._stdio.pause, self._stdio.resume)
        self._process: subprocess.Popen[bytes] | None = None
        self._main: int | None = None
        self._main_pid: int | None = None
        self._following: asyncio.Task[None] | None = None
        self._has_started = False

    async def start(self) -> None:
        """Returns when the program runs. Raises StartFailed when it does not; then everything is cleaned up."""
        status, status_child = os.pipe()
        info, info_child = os.pipe()
        go_child, go = os.pipe()
        try:
            self._process = self._spawn(status_child, info_child, go_child)
        except (OSError, StartFailed) as error:
            for descriptor in (status, info, go):
                os.close(descriptor)
            self._close()
            self.ended.set_result(START_ERROR)
            raise StartFailed(f"{_SANDBOX_FAILED}: {error}") from error
        finally:
            self._stdio.close_child()
            for descriptor in (status_child, info_child, go_child):
                os.close(descriptor)
        self._stdio.start(self._output)
        self._following = asyncio.create_task(self._follow(self._process))
        await self._guarded(info, go)
        told = await _read_all(status)
        if told != b".":
            await self.kill()
            raise StartFailed(told[1:].decode(errors="replace") or _SANDBOX_FAILED)
        self._has_started = True

    async def _guarded(self, info: int, go: int) -> None:
        """The main process begins only once it is sure to end with this server."""
        process = self._process
        told = await _read_all(info)
        if process is not None and not self.ended.done():
            self._main_pid = json.loads(told)["child-pid"] if told else process.pid
            self._guard.watch(self._main_pid, self.config.id)
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

    def _spawn(self, status: int, info: int, go: int) -> "subprocess.Popen[bytes]":
        launch = self._isolation.launch(self.config, info, go)
        stdin, stdout, stderr = self._stdio.child
        with _in_memory(launch.program.encoded(status)) as program:
            return subprocess.Popen(
                [*launch.argv, str(program.fileno())],
                env={},
                cwd=launch.cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(status, program.fileno(), *launch.inherited),
                start_new_session=True,
            )

    def _output(self, channel: int, data: bytes) -> None:
        self._log.write(channel, data)
        self._fanout.put(channel, data)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            if self._main is not None:
                signal.pidfd_send_signal(self._main, number)
            elif self._process is not None:
                self._process.send_signal(number)

    async def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        pidfd = os.pidfd_open(process.pid)
        await _until_readable(pidfd)
        os.close(pidfd)
        code = process.wait()
        await asyncio.to_thread(self._isolation.end_all, self.config, process.pid)
        self._stdio.drain()
        with contextlib.suppress(TimeoutError):  # someone outside holds the terminal open: what came is enough
            await asyncio.wait_for(self._stdio.drained.wait(), _DRAIN_SECONDS)
        self._close()
        self.ended.set_result(code if code >= 0 else 128 - code)

    def _close(self) -> None:
        self._stdio.close()
        self._log.close()
        self._fanout.end()
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
        """(channel 1 or 2, data); None when the container is over, :meth:`close` was called, or this attacher was too slow
        (see :mod:`local.kube.runtime.fanout`)."""
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


def _in_memory(data: bytes) -> BinaryIO:
    """A file with ``data`` that has no name: nobody else can read it."""
    file = open(os.memfd_create("program"), "w+b")  # noqa: PTH123, SIM115  # a descriptor; the caller closes it
    file.write(data)
    file.seek(0)
    return file


async def _read_all(descriptor: int) -> bytes:
    """Until its end; closes it."""
    data = b""
    os.set_blocking(descriptor, False)
    while True:
        await _until_readable(descriptor)
        chunk = os.read(descriptor, 4096)
        if not chunk:
            os.close(descriptor)
            return data
        data += chunk


async def _until_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
