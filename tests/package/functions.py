"""The packaged functions, each in a process of its own that sees the package and the standard library, and nothing else."""

import contextlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from scripts.package.template import functions
from tests.package.events import Answer

_RUNTIME = Path(__file__).with_name("lambda_runtime.py")


@dataclass(frozen=True)
class Package:
    """A folder of ``make package``, and where its zip files were unpacked."""

    folder: Path
    unpacked: Path

    @property
    def task(self) -> Path:
        """/var/task."""
        return self.unpacked / "task"

    @property
    def layer(self) -> Path:
        """/opt/python."""
        return self.unpacked / "opt" / "python"

    @cached_property
    def template(self) -> dict[str, Any]:
        template: dict[str, Any] = json.loads((self.folder / "template.json").read_text())
        return template

    def handler(self, function: str) -> str:
        """What Lambda is told to call."""
        handler: str = functions(self.template)[function]["Handler"]
        return handler


def unpack(folder: Path, into: Path) -> Package:
    """As Lambda does: the code into /var/task, the layer into /opt."""
    for archive, place in (("deployment.zip", "task"), ("layer.zip", "opt")):
        with zipfile.ZipFile(folder / archive) as packed:
            packed.extractall(into / place)
    return Package(folder, into)


@dataclass
class Function:
    """One execution environment: imported at the first event."""

    process: subprocess.Popen[str]
    log: Path
    _told: int = field(default=0, init=False)

    def invoke(self, handler: str, event: object) -> Any:
        """What the handler returned. Fails when it raised, as Lambda would report it."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps({"handler": handler, "event": event}), file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline() or '{"errorType": "it ended"}')
        assert "errorType" not in told, f"{told}\n{self.log.read_text()}"
        return told["result"]

    def ask(self, handler: str, event: Mapping[str, Any]) -> Answer:
        """What API Gateway makes of the handler's answer."""
        return Answer.of(self.invoke(handler, event))

    def logged(self) -> list[dict[str, Any]]:
        """The JSON lines since the last time."""
        lines = self.log.read_text().splitlines()
        new, self._told = lines[self._told :], len(lines)
        return [json.loads(line) for line in new if line.startswith("{")]


@contextlib.contextmanager
def running(
    package: Package, environment: Mapping[str, str], log: Path, runtime: Path | None = None
) -> Iterator[Function]:
    """A function with these settings, until the block ends. Its environment is what Lambda gives, and ``environment``.

    ``runtime`` is a folder with what Lambda's own runtime brings, /var/runtime.
    """
    env = {
        "AWS_LAMBDA_FUNCTION_NAME": "weavers",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "LAMBDA_TASK_ROOT": str(package.task),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin/:/bin",
        "TZ": ":UTC",
        **environment,
    }
    command = [sys.executable, "-I", "-S", str(_RUNTIME), str(package.task), str(package.layer)]
    command += [str(runtime)] if runtime else []
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=package.task, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True
        ) as process,
    ):
        try:
            yield Function(process, log)
        finally:
            process.terminate()
