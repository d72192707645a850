"""The layer: the control plane's locked dependencies as Lambda runs them, without what it never reads."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from scripts.requirements import exported

#: AWS's names of processors -> the wheels that run there: older than the C library of any runtime of Lambda.
PLATFORMS: Final = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
_STRIPPED: Final = Path("layers/dependencies.toml")


def install(folder: Path, architecture: str) -> None:
    """Makes ``folder``: wheels of the lock only, each held to its checksum, for this Python on ``architecture``."""
    requirements = folder.with_name("requirements.txt")
    requirements.write_text(exported())
    subprocess.run(
        [
            str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", str(folder),
            "--python", sys.executable, "--python-version", f"{sys.version_info.major}.{sys.version_info.minor}",
            "--python-platform", PLATFORMS[architecture], "--only-binary", ":all:", "--no-deps", "--require-hashes",
            "--link-mode", "copy", "-r", str(requirements),
        ],
        check=True,
    )  # fmt: skip


def strip(folder: Path) -> None:
    """Takes away what ``layers/dependencies.toml`` says."""
    stripped = tomllib.loads(_STRIPPED.read_text())
    for pattern in stripped["strip"]:
        for path in list(folder.glob(pattern)):
            _remove(path)
    for data in (folder / "botocore" / "data", folder / "boto3" / "data"):
        for service in data.iterdir():
            if service.is_dir() and service.name not in stripped["services"]:
                _remove(service)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
