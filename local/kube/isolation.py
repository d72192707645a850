"""Whether this machine can isolate containers, found out by trying."""

import subprocess
from functools import cache
from pathlib import Path

from local.kube.runtime.bubblewrap import Bubblewrap, missing_programs
from local.kube.runtime.config import Isolation
from local.kube.runtime.plain import Plain


def choose(folder: Path) -> Isolation:
    """The best that works here. ``folder`` is for its files."""
    return Plain(folder) if problem() else Bubblewrap(folder)


def warning() -> str | None:
    """What to tell whoever starts the server; None when containers are isolated."""
    why = problem()
    if why is None:
        return None
    return (
        f"WARNING: weavers are NOT isolated: {why}.\n"
        "They run as plain processes of yours: what runs in them can read, change and delete your files.\n"
        "To isolate them: apt-get install bubblewrap"
    )


@cache
def problem() -> str | None:
    """Why bubblewrap cannot be used; None when it can."""
    if missing := missing_programs():
        return f"{' and '.join(missing)} not installed"
    probe = [
        "bwrap",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "true",
    ]
    tried = subprocess.run(probe, capture_output=True, text=True, check=False, timeout=30)
    if tried.returncode == 0:
        return None
    last = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"bubblewrap does not work here ({last})"
