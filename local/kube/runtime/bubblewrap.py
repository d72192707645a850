"""Containers in bubblewrap's namespaces: own processes, mounts, IPC and hostname. The network is the host's.

As root, bubblewrap makes the namespaces and ``setpriv`` becomes the container's user, so that its files belong to that user
outside too. As anyone else, a user namespace makes the invoking user look like it.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.kube import images
from local.kube.runtime import enter, entry
from local.kube.runtime.config import ContainerConfig, Launch, Program
from local.kube.runtime.guest import Guest, interpreter, python_folders

#: Of the host's root, what an image would bring. Each is a folder or, on a merged-/usr system, a link.
_USERLAND: Final = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc")
_ENTRY: Final = "/run/loom/entry.py"


class Bubblewrap:
    """``folder`` is for what all containers share."""

    def __init__(self, folder: Path) -> None:
        self._guest = Guest(folder)
        self._is_root = os.geteuid() == 0

    def open(self) -> None:
        self._guest.write()
        userland = [*_root(), *_mount(Path(entry.__file__), _ENTRY)]
        users = [*_mount(self._guest.passwd, "/etc/passwd"), *_mount(self._guest.group, "/etc/group")]
        self._userland = [*userland, *users]

    def launch(self, config: ContainerConfig, info: int, go: int) -> Launch:
        user = [] if self._is_root else ["--unshare-user", "--uid", str(config.uid), "--gid", str(config.gid)]
        argv = [
            *(
                _program("bwrap"),
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-uts",
                "--hostname",
                config.hostname,
                *user,
            ),
            *("--as-pid-1", "--new-session", "--die-with-parent", "--info-fd", str(info)),
            *("--block-fd", str(go)),
            *self._userland,
            *_writable(config),
            *_python(),  # after the volumes: a checkout below /tmp would be hidden by the one there
            *(_mount(self._guest.bin.parent, str(Path(images.LOOM_FOLDER).parent)) if config.has_loom else ()),
            *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"),
            *self._become(config),
            *(interpreter(), "-I", "-S", _ENTRY),
        ]
        return Launch(argv, "/", Program(config.argv, config.env, config.workdir, config.tty), (info, go))

    def enter(self, config: ContainerConfig, pid: int, pidfd: int, program: Program) -> Launch:
        groups = ",".join(str(group) for group in config.groups if group != config.gid)
        argv = [
            *(interpreter(), "-I", "-S", enter.__file__, str(pid), str(pidfd)),
            *(str(config.uid), str(config.gid), groups),
            *(interpreter(), "-I", "-S", _ENTRY),
        ]
        return Launch(argv, "/", program, (pidfd,))

    def end_all(self, config: ContainerConfig, pid: int) -> None:
        """Nothing to do: with its first process, a process namespace ends."""

    def _become(self, config: ContainerConfig) -> list[str]:
        """Root becomes the container's user, for good; others look like it already."""
        if not self._is_root:
            return []
        groups = ",".join(str(group) for group in config.groups if group != config.gid)
        return [
            *(_program("setpriv"), "--reuid", str(config.uid), "--regid", str(config.gid)),
            *(("--groups", groups) if groups else ("--clear-groups",)),
            *("--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"),
        ]


def missing_programs() -> list[str]:
    return [program for program in ("bwrap", "setpriv") if shutil.which(program) is None]


def _program(name: str) -> str:
    return shutil.which(name) or name


def _mount(source: Path, path: str, *, read_only: bool = True) -> Iterator[str]:
    """With the folders above it, which bubblewrap itself would close to everyone but root."""
    for parent in [*Path(path).parents][-2::-1]:
        yield from ("--perms", "0755", "--dir", str(parent))
    yield from ("--ro-bind" if read_only else "--bind", str(source), path)


def _root() -> Iterator[str]:
    """The userland, without homes, and with nothing of the host's below /run, /srv, /var, … ."""
    for name in _USERLAND:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from _mount(path, str(path))
    opt = Path("/opt")
    for path in sorted(opt.iterdir()) if opt.is_dir() else ():  # one by one: /opt/loom must fit between them
        if path.name != "loom":
            yield from _mount(path, str(path))
    resolver = Path("/etc/resolv.conf").resolve()
    if resolver.is_file() and not resolver.is_relative_to("/etc"):  # a link into /run
        yield from _mount(resolver, str(resolver))
    yield from ("--proc", "/proc", "--dev", "/dev", "--perms", "0755", "--dir", "/var", "--symlink", "/tmp", "/var/tmp")  # noqa: S108  # the container's
    for scratch in ("/tmp", "/dev/shm"):  # noqa: S108  # as above
        yield from ("--perms", "1777", "--tmpfs", scratch)


def _python() -> Iterator[str]:
    """At their own paths: the folders above are made anew, and those of the host that are closed to others do not matter."""
    for folder in python_folders():
        yield from _mount(folder, str(folder))


def _writable(config: ContainerConfig) -> Iterator[str]:
    """Outer mounts first. A home that no volume provides is in memory."""
    if not any(mount.path == images.HOME for mount in config.mounts):
        yield from ("--perms", "0777", "--tmpfs", images.HOME)
    for mount in sorted(config.mounts, key=lambda mount: mount.path):
        yield from _mount(mount.source, mount.path, read_only=mount.read_only)
