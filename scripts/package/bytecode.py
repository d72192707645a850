"""Bytecode beside the sources: Lambda's folders are read-only, so each cold start would compile everything again.

It is not checked against the sources (PEP 552): a cold start would read each of them for that, too.
"""

import os
import subprocess
import sys
from pathlib import Path


def compile_all(folder: Path, unpacked_to: str) -> None:
    """Compiles the sources below ``folder`` for tracebacks from ``unpacked_to``. Raises CalledProcessError for one that is none.

    In a process of its own: what else a process has compiled shows in the bytes (CPython's gh-78274).
    """
    subprocess.run(
        [
            sys.executable, "-I", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash",
            "-s", str(folder), "-p", unpacked_to, str(folder),
        ],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
