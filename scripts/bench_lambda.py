"""A cold start of the packaged function: an interpreter that sees the unpacked zip files and the standard library only."""

import contextlib
import platform
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.package.__main__ import package

#: As Python's ``platform`` and as AWS names this machine's processor.
ARCHITECTURE: Final = {"aarch64": "arm64"}.get(platform.machine(), "x86_64")


@contextlib.contextmanager
def unpacked() -> Iterator[tuple[Path, Path]]:
    """The checkout packaged for this machine: the folders of the code and of the layer, as Lambda has them."""
    with tempfile.TemporaryDirectory() as folder:
        package("dev", Path(folder), ARCHITECTURE)
        for name in ("deployment", "layer"):
            with zipfile.ZipFile(Path(folder, f"{name}.zip")) as packed:
                packed.extractall(Path(folder, name))
        yield Path(folder, "deployment"), Path(folder, "layer", "python")


def isolated(code: str, *folders: Path) -> tuple[str, ...]:
    """The command that runs ``code`` and can import from ``folders`` and the standard library."""
    return (sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {[str(path) for path in folders]}\n{code}")
