"""What the environment says. The only module of the relay that reads it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from chalicelib.domain.setting import Setting, defaults
from relay.kube import Service
from relay.limits import Limits

SETTINGS: Final = (
    Setting(
        "LOOM_SERVER_URL",
        "the API's URL: its keys verify tickets, it exchanges bearer tokens for tickets and is told when a pod changed",
    ),
    Setting("LOOM_RELAY_LISTEN", "host:port to listen on; port 0 takes a free one", "127.0.0.1:8090"),
    Setting("LOOM_KUBECONFIG", "kubeconfig of the cluster", otherwise="the pod's own service account"),
    Setting("LOOM_NAMESPACE", "where the weavers' pods are", "loom-weavers"),
    Setting(
        "LOOM_RELAY_TOKEN",
        "bearer token for telling the API that a pod changed, and for asking it whether a viewer that comes back still may",
        otherwise="the API finds out at the next look or sweep, and who comes back needs a new ticket",
    ),
    Setting(
        "LOOM_RELAY_RESUME_KEY",
        "secret, at least 32 characters, that signs resume tokens: the same for every relay, and over restarts",
        otherwise="a random one: who comes back to a relay that was restarted needs a new ticket",
    ),
    Setting(
        "LOOM_RELAY_PING",
        "seconds between pings, to viewers and to Kubernetes; who is silent for half of it again is gone",
        "30",
    ),
    Setting("LOOM_RELAY_STALL", "seconds after which a viewer that takes nothing of what it is sent is cut", "30"),
    Setting("LOOM_RELAY_LINGER", "seconds for which a session without viewers keeps its stream and screen", "600"),
    Setting(
        "LOOM_RELAY_CONNECTIONS",
        "viewers, those it passes on included, and readers of events that this relay serves at the same time",
        "5000",
    ),
    Setting("LOOM_RELAY_CONNECTIONS_PER_USER", "how many of them may be one user's", "1000"),
    Setting("LOOM_RELAY_CONNECTIONS_PER_WEAVER", "how many of them may be for one weaver", "200"),
    Setting(
        "LOOM_RELAY_INPUT_RATE",
        "bytes a second that one user's viewers may send, four seconds' worth at once; who sends more waits",
        "1048576",
    ),
    Setting(
        "LOOM_RELAY_PEERS",
        "URLs of all relays, with commas between: one of them owns a weaver's session, the others pass viewers on to it",
        otherwise="this relay is alone",
    ),
    Setting(
        "LOOM_RELAY_PEERS_SERVICE",
        "in place of `LOOM_RELAY_PEERS`: the Service that selects all relays, as `NAMESPACE/NAME`; "
        "they are found in its EndpointSlices, on the first port that it has",
        otherwise="not looked for",
    ),
    Setting(
        "LOOM_RELAY_SELF",
        "which of them this relay is: written as in `LOOM_RELAY_PEERS`, or beside `LOOM_RELAY_PEERS_SERVICE` by the pod's "
        "address, such as `http://10.0.0.1:8090`",
        otherwise="required beside either",
    ),
    Setting("LOOM_LOG_LEVEL", "`DEBUG`, `INFO`, `WARNING` or `ERROR`", "INFO"),
)
_DEFAULTS: Final = defaults(SETTINGS)
_SHORTEST_KEY: Final = 32


class SettingsError(ValueError):
    """The environment cannot be used; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The :data:`SETTINGS`, checked. ``linger`` is in seconds."""

    server_url: str
    host: str = "127.0.0.1"
    port: int = 8090
    kubeconfig: Path | None = None
    namespace: str = "loom-weavers"
    token: str | None = field(default=None, repr=False)
    resume_key: str | None = field(default=None, repr=False)
    ping: float = 30.0
    stall: float = 30.0
    linger: float = 600.0
    limits: Limits = field(default_factory=Limits)
    own_url: str = ""
    peers: tuple[str, ...] = ()
    peers_service: Service | None = None
    log_level: str = "INFO"


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """The settings. Raises SettingsError."""
    values = {**_DEFAULTS, **{name: value for name, value in env.items() if value}}
    host, port = _listen(values["LOOM_RELAY_LISTEN"])
    kubeconfig = env.get("LOOM_KUBECONFIG")
    return Settings(
        server_url=_server_url(env.get("LOOM_SERVER_URL") or ""),
        host=host,
        port=port,
        kubeconfig=Path(kubeconfig) if kubeconfig else None,
        namespace=values["LOOM_NAMESPACE"],
        token=env.get("LOOM_RELAY_TOKEN") or None,
        resume_key=_resume_key(env.get("LOOM_RELAY_RESUME_KEY") or None),
        ping=_above_zero("LOOM_RELAY_PING", values["LOOM_RELAY_PING"]),
        stall=_above_zero("LOOM_RELAY_STALL", values["LOOM_RELAY_STALL"]),
        linger=_seconds("LOOM_RELAY_LINGER", values["LOOM_RELAY_LINGER"]),
        limits=Limits(
            connections=_whole("LOOM_RELAY_CONNECTIONS", values),
            per_user=_whole("LOOM_RELAY_CONNECTIONS_PER_USER", values),
            per_weaver=_whole("LOOM_RELAY_CONNECTIONS_PER_WEAVER", values),
            input_rate=_whole("LOOM_RELAY_INPUT_RATE", values),
        ),
        **_peers(env),
        log_level=_level(values["LOOM_LOG_LEVEL"]),
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


def _whole(name: str, values: Mapping[str, str]) -> int:
    text = values[name]
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise SettingsError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


def _above_zero(name: str, text: str) -> float:
    seconds = _seconds(name, text)
    if not seconds:
        raise SettingsError(f"{name} must be more than 0 seconds")
    return seconds


def _peers(env: Mapping[str, str]) -> dict[str, Any]:
    """Relays trust each other by the key that they share."""
    peers = tuple(url.strip().rstrip("/") for url in env.get("LOOM_RELAY_PEERS", "").split(",") if url.strip())
    own = env.get("LOOM_RELAY_SELF", "").rstrip("/")
    service = _service(env.get("LOOM_RELAY_PEERS_SERVICE", ""))
    if peers and service:
        raise SettingsError("LOOM_RELAY_PEERS and LOOM_RELAY_PEERS_SERVICE exclude each other")
    if service and not _of_pod(own):
        raise SettingsError("LOOM_RELAY_SELF must be the http(s) URL of this pod, with its IP address and the port")
    if any(urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname for url in peers):
        raise SettingsError("LOOM_RELAY_PEERS must be http(s) URLs with commas between")
    if peers and own not in peers:
        raise SettingsError("LOOM_RELAY_SELF must be one of LOOM_RELAY_PEERS")
    if (peers or service) and not env.get("LOOM_RELAY_RESUME_KEY"):
        name = "LOOM_RELAY_PEERS" if peers else "LOOM_RELAY_PEERS_SERVICE"
        raise SettingsError(f"{name} needs LOOM_RELAY_RESUME_KEY, the same for all of them")
    return {"own_url": own, "peers": peers, "peers_service": service}


def _service(text: str) -> Service | None:
    if not text:
        return None
    if not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", text):
        raise SettingsError(f"LOOM_RELAY_PEERS_SERVICE must be NAMESPACE/NAME, not {text!r}")
    return Service(*text.split("/"))


def _of_pod(url: str) -> bool:
    """Whether it is written as one that is made of an EndpointSlice's address and port."""
    try:
        parts = urlsplit(url)
        ip_address(parts.hostname or "")
        return parts.scheme in ("http", "https") and parts.netloc.endswith(f":{parts.port}") and not parts.path
    except ValueError:
        return False


def _resume_key(text: str | None) -> str | None:
    if text is not None and len(text) < _SHORTEST_KEY:
        raise SettingsError(f"LOOM_RELAY_RESUME_KEY must be at least {_SHORTEST_KEY} characters long")
    return text


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError(f"LOOM_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {text!r}")
    return text.upper()
