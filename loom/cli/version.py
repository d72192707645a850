"""``loom version``: the versions of this program, of the API it is configured for, and of that API's relay."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from loom import __version__
from loom.cli.options import settings_of
from loom.cli.output import out_json, out_table, say, telling
from loom.client.config import Config, checked_url
from loom.client.errors import LoomError, ProtocolError
from loom.client.http import HttpClient
from loom.printable import printable

#: Seconds to wait for each answer: this is a question in passing.
_TIMEOUT = 5.0
_UNHEALTHY = 503
#: ``version``, ``url`` and ``error``, each None where there is none.
_Part: TypeAlias = Mapping[str, str | None]


def run(options: argparse.Namespace) -> int:
    """``loom version``. Returns 0 also when the API or the relay cannot be asked: that is told in their places."""
    server, relay = _servers(options)
    parts = {"client": _part(version=__version__), "server": server, "relay": relay}
    if options.json:
        out_json(parts)
        return 0
    rows = [[name, _cell(part), printable(part["url"] or "")] for name, part in parts.items()]
    if sys.stdout.isatty():
        out_table(("PART", "VERSION", "URL"), rows, {})
    else:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    for error in filter(None, (part["error"] for part in parts.values())):
        say(error)
    return 0


def _servers(options: argparse.Namespace) -> tuple[_Part, _Part]:
    try:
        url = settings_of(options).api_url()
    except LoomError as error:
        return _part(error=str(error)), _part()
    server, health = _asked(url, "/health", "the API")
    if health is None:
        return server, _part()
    try:
        relay_url = _relay_url(health.get("relay_url"))
    except LoomError as error:
        return server, _part(error=str(error))
    return server, _asked(relay_url, "/healthz", "the relay")[0]


def _asked(url: str, path: str, name: str) -> tuple[_Part, Mapping[str, Any] | None]:
    """The part, and the whole answer if there was one. Needs no token, and a server that cannot work just now will do."""
    try:
        answer = HttpClient(Config(url, ""), telling, timeout=_TIMEOUT, server=name).request(
            "GET", path, also=_UNHEALTHY
        )
    except LoomError as error:
        return _part(url=url, error=str(error)), None
    if not isinstance(answer, dict) or not isinstance(answer.get("version"), str):
        return _part(url=url, error=f"{name} at {url} does not tell its version"), None
    return _part(answer["version"], url), answer


def _relay_url(url: object) -> str:
    """Where the relay answers plain questions: at its WebSocket URL, with another scheme. Raises LoomError."""
    if not isinstance(url, str):
        raise ProtocolError("the API does not tell where the relay is")
    scheme = urlsplit(url).scheme
    return checked_url({"wss": "https", "ws": "http"}.get(scheme, scheme) + url[len(scheme) :])


def _cell(part: _Part) -> str:
    if part["version"]:
        return printable(part["version"])
    return "not reachable" if part["url"] else "not known"


def _part(version: str | None = None, url: str | None = None, error: str | None = None) -> _Part:
    return {"version": version, "url": url, "error": error}
