"""Which API to talk to and as whom: flags, then the environment, then the configuration file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from loom.client.errors import UsageError


@dataclass(frozen=True, slots=True)
class Config:
    """``url`` is the API's base URL, http or https, without a slash at its end; ``token`` a bearer token."""

    url: str
    token: str = field(repr=False)


def load_config(url: str | None, token: str | None, env: Mapping[str, str]) -> Config:
    """The first of flag, ``LOOM_URL``/``LOOM_TOKEN`` and file that says it, for each of the two. Raises UsageError."""
    url = url or env.get("LOOM_URL")
    token = token or env.get("LOOM_TOKEN")
    path = config_path(env)
    if not url or not token:
        values = _read(path)
        url, token = url or values.get("url"), token or values.get("token")
    if not url:
        raise UsageError(f'which API? Give --url, set LOOM_URL or write url = "https://..." into {path}')
    if not token:
        raise UsageError(f'no token: give --token, set LOOM_TOKEN or write token = "..." into {path}')
    return Config(_checked_url(url), _checked_token(token))


def config_path(env: Mapping[str, str]) -> str:
    """``$LOOM_CONFIG``, else ``loom/config.toml`` in the user's configuration folder (XDG Base Directory)."""
    if path := env.get("LOOM_CONFIG"):
        return path
    home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111  # pathlib costs 6 ms of a 70 ms start
    return f"{env.get('XDG_CONFIG_HOME') or home + '/.config'}/loom/config.toml"


def _read(path: str) -> dict[str, str]:
    import tomllib  # 10 ms, and environments often say it all

    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as above
            values: dict[str, Any] = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {_without_values(error)}") from None  # the cause might quote the token
    if wrong := [name for name in ("url", "token") if not isinstance(values.get(name, ""), str)]:
        raise UsageError(f"{path}: {wrong[0]} must be a string in quotes")
    return {name: values[name] for name in ("url", "token") if name in values}


def _without_values(error: ValueError) -> str:
    """Where a TOML file is wrong, without its words."""
    _, at, place = str(error).rpartition("(at ")
    return f"see {place.rstrip(')')}" if at else "it cannot be decoded"


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{url!r} is not a URL such as https://loom.example.com")
    if parts.username is not None:
        raise UsageError("the URL must not carry credentials; they belong into --token or LOOM_TOKEN")
    return url.rstrip("/")


def _checked_token(token: str) -> str:
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token has characters that no token has; was it copied whole?")
    return token
