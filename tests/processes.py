"""Parts of the laptop edition as processes of a test: started, waited for until ready, ended by id."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def part(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Runs ``python -m module`` until the block ends. Yields the URL of its ``ready`` line."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # closes the pipe, waits
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line.startswith("ready "), f"{module} ended with exit code {process.wait()}"
            yield line.removeprefix("ready ").strip()
        finally:
            process.terminate()


def marked_processes(mark: str) -> dict[int, str]:
    """Ids and command lines of the processes that inherited ``mark`` in their environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if mark.encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it ended while we looked, or is another user's
    return found
