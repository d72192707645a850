"""The configuration file: contexts (an API and a token each) and which of them is current; read, and changed in place.

The context ``default`` stands at the top of the file, the others in tables::

    url = "https://loom.example.com"
    token = "loom_..."
    current = "staging"

    [contexts.staging]
    url = "https://loom.staging.example.com"
    token = "loom_..."
"""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from loom.client.errors import UsageError
from loom.client.nearest import did_you_mean

DEFAULT = "default"
_KEYS = ("url", "token")
_HEADER = re.compile(r"\s*\[")
#: What TOML calls a bare key: such a name needs no quotes.
_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class ConfigFile(NamedTuple):
    """``contexts`` maps a name to what the file has of ``url`` and ``token``; ``current`` as written, None where it is not."""

    path: str
    contexts: Mapping[str, Mapping[str, str]]
    current: str | None

    def __repr__(self) -> str:
        return f"ConfigFile(path={self.path!r})"  # the contexts have tokens

    def context(self, name: str, source: str) -> Mapping[str, str]:
        """The context that ``source`` names; ``default`` is there even when nothing is written. Raises UsageError."""
        if name in self.contexts:
            return self.contexts[name]
        if name == DEFAULT:
            return {}
        hint = did_you_mean(name, self.contexts) or f"; it has: {', '.join(self.contexts) or 'none'}"
        raise UsageError(f"{source} {name!r}: {self.path} has no such context{hint}")


def config_path(env: Mapping[str, str]) -> str:
    """``$LOOM_CONFIG``, else ``loom/config.toml`` in the user's configuration folder (XDG Base Directory)."""
    if path := env.get("LOOM_CONFIG"):
        return path
    home = env.get("HOME") or os.path.expanduser("~")  # noqa: PTH111  # pathlib costs 6 ms of a 70 ms start
    return f"{env.get('XDG_CONFIG_HOME') or home + '/.config'}/loom/config.toml"


def read(path: str) -> ConfigFile:
    """What stands in the file; nothing where there is none. Raises UsageError."""
    return _checked(path, _parsed(path, _text(path)))


def set_current(path: str, name: str) -> None:
    """Make ``name`` the context that is used. Raises UsageError."""
    read(path).context(name, "the context")
    _change(path, (), "current", name)


def set_value(path: str, context: str, key: str, value: str) -> None:
    """Write ``url`` or ``token`` of a context, which is made where it is new. Raises UsageError."""
    if not _NAME.fullmatch(context):
        raise UsageError(f"the context {context!r}: a name has letters, digits, - and _")
    read(path)
    _change(path, () if context == DEFAULT else ("contexts", context), key, value)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # as above
            return file.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not TOML: it cannot be decoded") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _parsed(path: str, text: str) -> dict[str, Any]:
    import tomllib  # 10 ms, and environments often say it all

    try:
        return tomllib.loads(text)
    except ValueError as error:
        _, at, place = str(error).rpartition("(at ")
        where = f"see {place.rstrip(')')}" if at else "it cannot be decoded"
        raise UsageError(f"{path} is not TOML: {where}") from None  # the cause might quote the token


def _checked(path: str, values: Mapping[str, Any]) -> ConfigFile:
    tables = values.get("contexts", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: contexts are written as tables: [contexts.NAME]")
    if DEFAULT in tables:
        raise UsageError(f"{path}: the context {DEFAULT} stands at the top of the file, without [contexts.{DEFAULT}]")
    contexts = {name: _strings(path, f"contexts.{name}.", table) for name, table in tables.items()}
    if top := _strings(path, "", values):
        contexts = {DEFAULT: top, **contexts}
    current = values.get("current")
    if current is not None and not isinstance(current, str):
        raise UsageError(f"{path}: current must be a string in quotes")
    return ConfigFile(path, contexts, current)


def _strings(path: str, prefix: str, table: Mapping[str, Any]) -> dict[str, str]:
    if wrong := [key for key in _KEYS if not isinstance(table.get(key, ""), str)]:
        raise UsageError(f"{path}: {prefix}{wrong[0]} must be a string in quotes")
    return {key: table[key] for key in _KEYS if key in table}


def _change(path: str, table: tuple[str, ...], key: str, value: str) -> None:
    """Set one key and touch nothing else, comments included. Raises UsageError for a file whose style defeats that."""
    before = _text(path)
    after = _with_line(before, table, key, f"{key} = {_quoted(value)}\n")
    expected = _parsed(path, before)
    place = expected
    for name in table:
        place = place.setdefault(name, {})
    place[key] = value
    if _told(after) != expected:
        raise UsageError(f"{path} is written in a way that loom cannot edit; change it by hand")
    _write(path, after)


def _told(text: str) -> dict[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _with_line(text: str, table: tuple[str, ...], key: str, line: str) -> str:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    headers = [number for number, one in enumerate(lines) if _HEADER.match(one)]
    if table:
        name = r"\s*\.\s*".join(map(_part, table))
        wanted = re.compile(rf"\s*\[\s*{name}\s*\]\s*(#.*)?$")
        start = next((number + 1 for number in headers if wanted.match(lines[number])), None)
        if start is None:
            gap = ["\n"] if lines else []
            return "".join([*lines, *gap, f"[{'.'.join(table)}]\n", line])
    else:
        start = next((number for number, one in enumerate(lines) if not one.startswith("#")), len(lines))
    end = next((number for number in headers if number >= start), len(lines))
    written = re.compile(rf"\s*{_part(key)}\s*=")
    for number in range(start, end):
        if written.match(lines[number]):
            return "".join([*lines[:number], line, *lines[number + 1 :]])
    gap = ["\n"] if not table and start == end < len(lines) else []
    return "".join([*lines[:start], line, *gap, *lines[start:]])


def _part(name: str) -> str:
    return rf"""["']?{re.escape(name)}["']?"""


def _quoted(value: str) -> str:
    """A TOML basic string (TOML 1.0, String)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in escaped) + '"'


def _write(path: str, text: str) -> None:
    """All or nothing, readable by the user alone; a link to the file stays one."""
    path = os.path.realpath(path)
    unfinished = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120  # as above
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)  # noqa: PTH105  # as above
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
