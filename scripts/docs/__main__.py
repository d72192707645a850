"""Builds the site into site/; ``--check`` builds it elsewhere and says only what is wrong with it."""

import argparse
import os
import subprocess
import sys
import tempfile


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the site cannot be built without a warning")
    if not parser.parse_args().check:
        return _build("site").returncode
    with tempfile.TemporaryDirectory(prefix="weavers-site-") as folder:
        built = _build(folder, stderr=subprocess.PIPE)
    if built.returncode:
        sys.stderr.write(built.stderr)
    return built.returncode


def _build(folder: str, stderr: int | None = None) -> "subprocess.CompletedProcess[str]":
    # Never with --quiet: warnings that are not told do not count for --strict either.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # that support ends is known: see the package's docstring
    return subprocess.run(command, env=env, stderr=stderr, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
