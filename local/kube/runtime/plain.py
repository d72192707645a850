"""Containers as plain processes of the invoking user: for machines without bubblewrap. Nothing is isolated.

Paths that a container would find mounted are replaced by the host folders behind them, wherever they stand in its command,
environment and working directory. A program that knows such a path by heart does not find it.
"""

import re
from pathlib import Path

from local.kube import images
from local.kube.runtime import entry, watchdog
from local.kube.runtime.config import ContainerConfig, Launch, Program
from local.kube.runtime.guest import Guest, interpreter


class Plain:
    """``folder`` is for what all containers share."""

    def __init__(self, folder: Path) -> None:
        self._guest = Guest(folder)

    def open(self) -> None:
        self._guest.write()

    def launch(self, config: ContainerConfig, info: int, go: int) -> Launch:  # noqa: ARG002  # needs neither
        (config.folder / "home").mkdir(exist_ok=True)
        return self._launch(config, Program(config.argv, config.env, config.workdir, config.tty))

    def enter(self, config: ContainerConfig, pid: int, pidfd: int, program: Program) -> Launch:  # noqa: ARG002  # as above
        return self._launch(config, program)

    def _launch(self, config: ContainerConfig, program: Program) -> Launch:
        home = config.folder / "home"
        paths = {mount.path: str(mount.source) for mount in config.mounts}
        paths.setdefault(images.HOME, str(home))
        if config.has_loom:
            paths[images.LOOM_FOLDER] = str(self._guest.bin)
        where = Substitution(paths)
        env = {name: where(value) for name, value in program.env.items()} | {watchdog.MARK: config.id}
        if "/tmp" in paths:  # noqa: S108  # the container's
            env.setdefault("TMPDIR", paths["/tmp"])  # noqa: S108  # as above
        workdir = str(home) if program.workdir == "/" else where(program.workdir)
        inside = Program([where(word) for word in program.argv], env, workdir, program.tty)
        return Launch([interpreter(), "-I", "-S", entry.__file__], str(home), inside)

    def end_all(self, config: ContainerConfig, pid: int) -> None:
        watchdog.end_container(pid, config.id)


class Substitution:
    """Replaces whole paths, also inside scripts: ``/tmp`` in ``cd /tmp/x`` but not in ``/var/tmp``."""

    def __init__(self, paths: dict[str, str]) -> None:
        self._paths = {path.rstrip("/"): source for path, source in paths.items()}
        known = "|".join(re.escape(path) for path in sorted(self._paths, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w./-])(?:{known})(?![\w.-])")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda match: self._paths[match[0]], text)
