"""Zip files whose bytes depend on nothing but what is in them."""

import zipfile
from pathlib import Path
from typing import Final

#: The earliest time that a zip file can tell.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
#: Lambda runs functions as another user than the one that unpacked: everybody must be able to read.
_READABLE, _RUNNABLE = 0o100644, 0o100755
_UNIX: Final = 3


def write(folder: Path, archive: Path, prefix: str = "") -> None:
    """The files below ``folder``, named ``prefix`` and their path, sorted."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*")):
            if path.is_file():
                packed.writestr(_entry(prefix + name, path), path.read_bytes())


def _entry(name: str, path: Path) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = (_RUNNABLE if path.suffix == ".so" else _READABLE) << 16
    return entry


def unpacked_size(archive: Path) -> int:
    """Bytes."""
    with zipfile.ZipFile(archive) as packed:
        return sum(entry.file_size for entry in packed.infolist())
