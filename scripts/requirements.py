"""Writes requirements.txt, the dependencies of the Lambda functions, from the lock; ``--check`` only compares.

Chalice hard-codes the name, and puts what of itself runs there into the zip: it and what only its command line needs are not in it.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path("requirements.txt")
_HEADER: Final = "# Made from uv.lock by `make requirements`; `make lint` checks it.\n"


def exported() -> str:
    """The pinned and hashed packages of the ``api`` group, without Chalice."""
    uv = Path(sys.executable).with_name("uv")
    command = (
        str(uv), "export", "--frozen", "--only-group", "api", "--prune", "chalice", "--no-emit-project", "--no-annotate",
        "--no-header", "--format", "requirements.txt",
    )  # fmt: skip
    env = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    return _HEADER + subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.requirements", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when requirements.txt is not up to date")
    content = exported()
    if not parser.parse_args().check:
        REQUIREMENTS.write_text(content)
        return 0
    if not REQUIREMENTS.exists() or REQUIREMENTS.read_text() != content:
        print("requirements.txt does not fit uv.lock: run `make requirements`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
