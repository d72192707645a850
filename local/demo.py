"""``make demo``: the parts, a weaver with a repository cloned, and a terminal in it.

On a terminal the person gets the shell; without one a scripted session is driven through a real pseudo-terminal and shown, so
that the same tour runs in CI.
"""

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import pexpect

from local import edition
from local.edition import Edition
from local.kube import isolation
from local.supervisor import Supervisor, say_to

T = TypeVar("T")

_NAME: Final = "demo"
_TIMEOUT: Final = 60  # seconds for any one step
_SIZE: Final = (24, 100)
#: ECMA-48 §5.3 and §5.4: escape sequences, control sequences among them.
_CONTROL_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-Z\\-~])")


class DemoFailed(Exception):
    """A step of the tour did not do what it should, or the demo was stopped; the message says which."""


async def run(state: Path) -> int:
    """The exit code. Raises PartFailed."""
    started = time.monotonic()
    say = say_to(sys.stdout)
    say("starting the parts (a laptop edition of AWS, Kubernetes, the API and the relay)")
    if warning := isolation.warning():
        say(f"\n{warning}\n")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with tempfile.TemporaryDirectory(prefix="weavers-demo-") as folder:
        async with Supervisor(state / "logs", say) as supervisor:
            try:
                running, repo = await _unless(stopping, _started(supervisor, Path(folder)))
                say(f"everything is up after {time.monotonic() - started:.1f} s\n")
                if sys.stdin.isatty() and sys.stdout.isatty():
                    return await _unless(stopping, _by_hand(running, repo))
                await _unless(stopping, _scripted(_Tour(running, repo)))
            except DemoFailed as error:
                say(f"demo: failed: {error}")
                return 2
    say("demo: ok")
    return 0


async def _unless(stopping: asyncio.Event, work: Coroutine[None, None, T]) -> T:
    """What ``work`` returns. Raises DemoFailed when the demo is stopped before."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        raise DemoFailed("it was stopped")
    return await working


async def _started(supervisor: Supervisor, folder: Path) -> tuple[Edition, str]:
    """The running parts, and the URL of the repository to clone."""
    running = await edition.start(supervisor, folder)
    git = await supervisor.start("git", "local.repository", str(folder / "repositories"))
    return running, f"{git.url}/hello.git"


async def _scripted(tour: "_Tour") -> None:
    try:
        await asyncio.to_thread(tour.run)
    finally:
        tour.stop()


async def _by_hand(running: Edition, repo: str) -> int:
    """The person types. Ctrl+C belongs to ``loom``; when it ends, everything ends."""
    command = ("loom", "new", "--name", _NAME, "--repo", repo)
    print(f"$ {' '.join(command)}", flush=True)
    loom = await asyncio.create_subprocess_exec(*command, env=edition.environment(running))
    try:
        code = await loom.wait()
    finally:
        if loom.returncode is None:
            loom.terminate()
            await loom.wait()
    print("\nthe demo ends here, with its weaver; `make up` keeps everything running", flush=True)
    return code


class _Tour:
    """The scripted session: every command is a real ``loom`` process."""

    def __init__(self, running: Edition, repo: str) -> None:
        self._env = edition.environment(running)
        self._repo = repo
        self._stop_step: Callable[[], None] = lambda: None

    def stop(self) -> None:
        """Ends the step that runs, from another thread; the step then fails, and the tour with it."""
        self._stop_step()

    def run(self) -> None:
        self._loom("new", "--name", _NAME, "--repo", self._repo)
        self._terminal()
        self._loom("ps")
        self._loom("delete", _NAME)
        self._loom("ps")

    def _loom(self, *arguments: str) -> None:
        print(f"$ loom {' '.join(arguments)}", flush=True)
        with subprocess.Popen(("loom", *arguments), env=self._env, stdin=subprocess.DEVNULL) as loom:
            self._stop_step = loom.terminate
            try:
                code = loom.wait(_TIMEOUT)
            except subprocess.TimeoutExpired as error:
                loom.kill()
                raise DemoFailed(f"loom {arguments[0]} took longer than {_TIMEOUT} s") from error
        print(flush=True)
        if code != 0:
            raise DemoFailed(f"loom {arguments[0]} ended with exit code {code}")

    def _terminal(self) -> None:
        """Attaches, runs a command in the clone, and leaves by ``exit``."""
        print(f"$ loom attach {_NAME}", flush=True)
        terminal = pexpect.spawn(
            "loom", ["attach", _NAME],
            env=self._env, timeout=_TIMEOUT, encoding="utf-8", dimensions=_SIZE, logfile=None,
        )  # fmt: skip
        terminal.logfile_read = _Shown()
        self._stop_step = partial(terminal.kill, signal.SIGTERM)
        try:
            self._expect(terminal, r"[$#] ", "a prompt")
            terminal.sendline("python3 hello.py")
            self._expect(terminal, "hello from inside the weaver", "the output of python3 hello.py")
            terminal.sendline("exit")
            self._expect(terminal, pexpect.EOF, "being detached by exit")
        finally:
            terminal.close(force=True)
        print(flush=True)
        if terminal.exitstatus != 0:
            raise DemoFailed(f"loom attach ended with exit code {terminal.exitstatus}")

    @staticmethod
    def _expect(terminal: "pexpect.spawn[str]", pattern: str | type[pexpect.EOF], what: str) -> None:
        try:
            terminal.expect(pattern)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            raise DemoFailed(f"waited for {what}, and got: {terminal.before!r}") from error


class _Shown:
    """What the terminal received, as lines of text: a log has no cursor to move."""

    def __init__(self) -> None:
        self._line = ""

    def write(self, text: str) -> None:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            last_drawn = line.rstrip("\r").rpartition("\r\x1b[K")[2]
            sys.stdout.write(_CONTROL_SEQUENCE.sub("", last_drawn).replace("\r", "") + "\n")

    def flush(self) -> None:
        sys.stdout.flush()
