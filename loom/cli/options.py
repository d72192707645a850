"""What the options on a command line mean: pure, but for the environment that is given."""

import argparse
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loom.client.errors import UsageError

if TYPE_CHECKING:
    from loom.client.api import Api
    from loom.client.config import Settings

_UNITS = {"s": 1 / 3600, "m": 1 / 60, "h": 1.0, "d": 24.0}
_LIFETIME = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+", re.ASCII)


def settings_of(options: argparse.Namespace) -> "Settings":
    """What flags, environment and configuration file say."""
    import os

    from loom.client.config import Settings

    return Settings(options.url, options.token, options.context, os.environ)


def api_of(options: argparse.Namespace) -> "Api":
    """The API that flags, environment and configuration name. Raises UsageError."""
    from loom.cli.output import telling
    from loom.client.api import Api

    return Api(settings_of(options).config(), telling)


def checked_reference(text: str) -> str:
    """A weaver's id, short id, name or prefix. Raises UsageError for what can be none, and would be another URL."""
    if not re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9]*", text, re.ASCII):
        raise UsageError(f"{text!r} is no weaver's id or name; list yours with: loom ps")
    return text


def lifetime_hours(text: str, name: str = "--ttl") -> float:
    """Hours from ``4``, ``0.5``, ``30m``, ``2h``, ``1d`` or ``1h30m``. Raises UsageError, which tells the argument's ``name``."""
    hours = _number(text)
    if hours is None:
        raise UsageError(f"{name} {text!r}: give hours, or a time such as 30m, 2h, 1d or 1h30m")
    if not math.isfinite(hours) or hours <= 0:
        raise UsageError(f"{name} {text!r}: a lifetime must be longer than nothing")
    return hours


def seconds(text: str, name: str) -> float:
    """Seconds from ``90``, ``0.5``, ``90s`` or ``1m30s``. Raises UsageError, which tells the option's ``name``."""
    number = _number(text, unit=3600)
    if number is None or not 0 <= number < math.inf:
        raise UsageError(f"{name} {text!r}: give seconds, or a time such as 30s, 2m or 1h")
    return number


def _number(text: str, unit: float = 1) -> float | None:
    """The number itself, or how much a time is in units of which ``unit`` make an hour."""
    try:
        return float(text)
    except ValueError:
        if not _LIFETIME.fullmatch(text):
            return None
        return unit * sum(float(number) * _UNITS[name] for number, name in re.findall(r"([\d.]+)([smhd])", text))


def tags(texts: Sequence[str]) -> dict[str, str]:
    """``key:value`` or ``key=value``, whichever sign comes first. Raises UsageError."""
    pairs = {}
    for text in texts:
        key, sign, value = re.match(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]  # matches anything
        if not key or not sign:
            raise UsageError(f"--tag {text!r}: give key:value")
        pairs[key] = value
    return pairs


def environment(texts: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """``NAME=value``, or ``NAME`` for the value that ``env`` has. Raises UsageError, never telling a value."""
    values = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not name:
            raise UsageError("--env: give NAME=value, or NAME to pass on your own")
        if not sign and name not in env:
            raise UsageError(f"--env {name}: it is not set here; give {name}=value")
        values[name] = value if sign else env[name]
    return values
