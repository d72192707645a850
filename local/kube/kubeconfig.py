"""The file with which clients find the server and its token."""

import base64
import json
import os
from pathlib import Path

_NAME = "loom-laptop"


def kubeconfig(url: str, token: str, authority: bytes | None) -> str:
    """As JSON, which is YAML, too. ``authority`` is the certificate to trust, in PEM."""
    trusted = {"certificate-authority-data": base64.b64encode(authority).decode()} if authority else {}
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": url, **trusted}}],
        "users": [{"name": _NAME, "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": "default"}}],
        "current-context": _NAME,
    }
    return json.dumps(value, indent=2) + "\n"


def write_kubeconfig(path: Path, url: str, token: str, authority: bytes | None = None) -> None:
    """Readable for its owner alone, and there as a whole or not at all. Raises OSError."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(kubeconfig(url, token, authority))
    new.rename(path)
