"""Starts the parts as processes, waits until each says it is ready, notices when one dies, and ends all of them.

A part says ``ready URL`` as its first line on stdout; everything else it writes goes into its log. Parts end by SIGTERM, in the
reverse order of their start, and also when this process is killed.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, TextIO, cast

#: Seconds. Generous: the machine may be busy with others' work.
_READY_TIMEOUT: Final = 60
_END_TIMEOUT: Final = 15
_LAST_OUTPUT: Final = 2
_READY: Final = b"ready "
_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>


class PartFailed(Exception):
    """A part did not get ready or ended by itself; the message says which, with the end of its log."""


@dataclass(slots=True)
class Part:
    """One process. ``url`` is where it can be reached."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    output: asyncio.Task[None]
    url: str = ""

    def last_words(self, lines: int = 10) -> str:
        """The end of its log."""
        return "\n".join(f"    {line}" for line in self.log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """Used as ``async with``: at its end, whatever happened, no part is left."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = say
        self._parts: list[Part] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for part in reversed(self._parts):
            await _end(part)

    async def start(
        self, name: str, module: str, *arguments: str, env: Mapping[str, str] | None = None, fds: Sequence[int] = ()
    ) -> Part:
        """Runs ``python -m module`` and waits until it is ready. Raises PartFailed."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, *arguments),
                env={**_inherited(), **(env or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                pass_fds=fds,
                start_new_session=True,  # Ctrl+C is for the supervisor, which ends the parts in order
                preexec_fn=_end_with_parent,
            )
        stdout = cast("asyncio.StreamReader", process.stdout)  # a pipe, as asked for
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        part = Part(name, process, log, asyncio.create_task(_follow(stdout, log, ready)))
        self._parts.append(part)
        try:
            part.url = await asyncio.wait_for(ready, _READY_TIMEOUT)
        except TimeoutError:
            raise PartFailed(f"{name} was not ready within {_READY_TIMEOUT} s\n{part.last_words()}") from None
        except EOFError:
            code = await process.wait()
            raise PartFailed(f"{name} ended with exit code {code}\n{part.last_words()}") from None
        self._say(f"  {name:<12} {part.url}")
        return part

    async def watch(self) -> None:
        """Returns never; raises PartFailed when a part ends by itself."""
        ends = {asyncio.create_task(part.process.wait()): part for part in self._parts}
        done, pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        part = ends[done.pop()]
        raise PartFailed(f"{part.name} ended with exit code {part.process.returncode}\n{part.last_words()}")


async def _follow(stdout: asyncio.StreamReader, log: Path, ready: "asyncio.Future[str]") -> None:
    """Finds the ready line, and puts everything else a part says into its log."""
    with log.open("ab", buffering=0) as file:
        async for line in stdout:
            if line.startswith(_READY) and not ready.done():
                ready.set_result(line.removeprefix(_READY).decode().strip())
            else:
                file.write(line)
    if not ready.done():
        ready.set_exception(EOFError())


def _inherited() -> dict[str, str]:
    """Our environment without what it says about a real AWS account: no part may use or trip over it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


async def _end(part: Part) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended before
        part.process.terminate()
    try:
        await asyncio.wait_for(part.process.wait(), _END_TIMEOUT)
    except TimeoutError:
        part.process.kill()
        await part.process.wait()
    await asyncio.wait([part.output], timeout=_LAST_OUTPUT)  # what it started may hold its output open
    part.output.cancel()


def _end_with_parent() -> None:
    """In the child: SIGTERM when the supervisor dies, however it dies. Linux only; elsewhere Ctrl+C must do."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


#: Loaded before any fork: a child between fork and exec must not load libraries.
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def say_to(stream: TextIO) -> Callable[[str], None]:
    """Prints tidy lines as they come."""
    return lambda line: print(line, file=stream, flush=True)
