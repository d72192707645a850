"""The processes that the runtime starts: with nothing of the server's, and an answer whether their program runs."""

import asyncio
import os
import signal
import subprocess
from typing import BinaryIO

from local.kube.runtime.config import Launch


class Process:
    """A started :class:`Launch`. Raises OSError and StartFailed."""

    def __init__(self, launch: Launch, streams: tuple[int, int, int]) -> None:
        stdin, stdout, stderr = streams
        self._answer, answer = os.pipe()
        try:
            with _in_memory(launch.program.encoded(answer)) as program:
                self._process = subprocess.Popen(
                    [*launch.argv, str(program.fileno())],
                    env={},
                    cwd=launch.cwd,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    pass_fds=(answer, program.fileno(), *launch.inherited),
                    start_new_session=True,
                )
        except BaseException:
            os.close(self._answer)
            raise
        finally:
            os.close(answer)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def refusal(self) -> str | None:
        """None once the program runs, otherwise why it does not; empty when it did not come to trying. Asked once."""
        told = await read_all(self._answer)
        return None if told == b"." else told[1:].decode(errors="replace")

    async def exit_code(self) -> int:
        """When it has ended: 128 + n for signal n."""
        pidfd = os.pidfd_open(self.pid)
        try:
            await until_readable(pidfd)
        finally:
            os.close(pidfd)
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def signal(self, number: signal.Signals) -> None:
        """Raises ProcessLookupError."""
        self._process.send_signal(number)


def _in_memory(data: bytes) -> BinaryIO:
    """A file with ``data`` that has no name: nobody else can read it."""
    file = open(os.memfd_create("program"), "w+b")  # noqa: PTH123, SIM115  # a descriptor; the caller closes it
    file.write(data)
    file.seek(0)
    return file


async def read_all(descriptor: int) -> bytes:
    """Until its end; closes it."""
    data = b""
    os.set_blocking(descriptor, False)
    try:
        while True:
            await until_readable(descriptor)
            chunk = os.read(descriptor, 4096)
            if not chunk:
                return data
            data += chunk
    finally:
        os.close(descriptor)


async def until_readable(descriptor: int) -> None:
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
