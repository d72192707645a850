"""What containers need of this program and of the host's Python: the ``loom`` command, a user, the interpreter."""

import os
import shlex
import sys
from pathlib import Path
from typing import Final

import loom
from local.kube import images

_LOOM: Final = """\
#!/bin/sh
exec {python} -I -c 'import sys; from loom.cli.main import main; sys.exit(main())' "$@"
"""
_USERS: Final = """\
root:x:0:0:root:/root:/usr/sbin/nologin
weaver:x:{uid}:{uid}:weaver:{home}:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
_GROUPS: Final = """\
root:x:0:
tty:x:5:
weaver:x:{uid}:
nogroup:x:65534:
"""


class Guest:
    """Files for the containers, written once into ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "loom" / "bin"
        self.passwd = folder / "passwd"
        self.group = folder / "group"

    def write(self) -> None:
        self.bin.mkdir(parents=True, exist_ok=True)
        command = self.bin / "loom"
        command.write_text(_LOOM.format(python=shlex.quote(sys.executable)))
        command.chmod(0o755)
        self.passwd.write_text(_USERS.format(uid=images.USER, home=images.HOME))
        self.group.write_text(_GROUPS.format(uid=images.USER))


def interpreter() -> str:
    """The Python that runs a container's first step: the real one, not a virtual environment's."""
    return os.path.realpath(sys.executable)


def python_folders() -> list[Path]:
    """Where the interpreter is; and the virtual environment and the ``loom`` package, if elsewhere. Outer ones first."""
    found: list[Path] = []
    for folder in (Path(sys.base_prefix).resolve(), Path(sys.prefix), Path(loom.__file__).parent):
        if not any(folder.is_relative_to(outer) for outer in (Path("/usr"), *found)):
            found.append(folder)
    return found
