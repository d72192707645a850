"""What the environment says. The only module of the relay that reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(ValueError):
    """The environment cannot be used; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """See README.md beside this file for what each variable does. ``linger`` is in seconds."""

    server_url: str
    host: str = "127.0.0.1"
    port: int = 8090
    kubeconfig: Path | None = None
    namespace: str = "loom-weavers"
    token: str | None = field(default=None, repr=False)
    linger: float = 600.0
    log_level: str = "INFO"


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """The settings. Raises SettingsError."""
    host, port = _listen(env.get("LOOM_RELAY_LISTEN") or "127.0.0.1:8090")
    kubeconfig = env.get("LOOM_KUBECONFIG")
    return Settings(
        server_url=_server_url(env.get("LOOM_SERVER_URL") or ""),
        host=host,
        port=port,
        kubeconfig=Path(kubeconfig) if kubeconfig else None,
        namespace=env.get("LOOM_NAMESPACE") or "loom-weavers",
        token=env.get("LOOM_RELAY_TOKEN") or None,
        linger=_seconds("LOOM_RELAY_LINGER", env.get("LOOM_RELAY_LINGER") or "600"),
        log_level=_level(env.get("LOOM_LOG_LEVEL") or "INFO"),
    )


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"LOOM_RELAY_LISTEN must be host:port, not {text!r}")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # ":8090" asks for all interfaces


def _server_url(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname:
        raise SettingsError("LOOM_SERVER_URL must be the http(s) URL of the API")
    return text.rstrip("/")


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"{name} must be a number of seconds, not {text!r}")
    return seconds


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError(f"LOOM_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {text!r}")
    return text.upper()
