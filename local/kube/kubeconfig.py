"""The file with which clients find the server and its token."""

import json
import os
from pathlib import Path

_NAME = "loom-laptop"


def kubeconfig(url: str, token: str) -> str:
    """As JSON, which is YAML, too."""
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": url}}],
        "users": [{"name": _NAME, "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": "default"}}],
        "current-context": _NAME,
    }
    return json.dumps(value, indent=2) + "\n"


def write_kubeconfig(path: Path, url: str, token: str) -> None:
    """Readable for its owner alone, and there as a whole or not at all. Raises OSError."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(kubeconfig(url, token))
    new.rename(path)
