"""``loom config``: what is configured and what came from where; and changes to the configuration file."""

import argparse
import sys

from loom.cli.options import settings_of
from loom.cli.output import out, out_json, out_table, say
from loom.client.config import Setting, checked_token, checked_url
from loom.client.config_file import DEFAULT, set_current, set_value
from loom.client.errors import UsageError
from loom.printable import printable

_HEADER = ("SETTING", "VALUE", "FROM")
#: Of a token that is shorter, four characters would tell too much.
_LONG_TOKEN = 16


def show(options: argparse.Namespace) -> int:
    """``loom config``. Tokens are never shown whole."""
    settings = settings_of(options)
    shown = [settings.context, settings.url, _masked(settings.token)]
    if options.json:
        contexts = [*dict.fromkeys((DEFAULT, *settings.file.contexts))]
        values = {one.name: {"value": one.value, "source": one.source} for one in shown}
        out_json({"path": settings.path, "contexts": contexts, **values})
        return 0
    rows = [[one.name, printable(one.value or ""), one.source] for one in shown]
    rows.append(["contexts", printable(" ".join(settings.file.contexts)), settings.path])
    if sys.stdout.isatty():
        out_table(_HEADER, rows, {})
    else:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    return 0


def path(options: argparse.Namespace) -> int:
    """``loom config path``."""
    out(settings_of(options).path)
    return 0


def use(options: argparse.Namespace) -> int:
    """``loom config use NAME``."""
    set_current(settings_of(options).path, options.name)
    say(f"the context {options.name} is used from now on")
    return 0


def change(options: argparse.Namespace) -> int:
    """``loom config set url URL`` and ``loom config set token``, of the context that would be used."""
    settings = settings_of(options)
    context = str(settings.context.value)
    if options.name == "url":
        if not options.value:
            raise UsageError("which URL? give it as: loom config set url https://loom.example.com")
        value = checked_url(options.value)
    else:
        if options.value:
            raise UsageError(
                "a token given so would stay in the shell's history; without it, loom asks, or reads stdin"
            )
        value = checked_token(_token())
    set_value(settings.path, context, options.name, value)
    say(f"wrote the {options.name} of the context {context} to {settings.path}")
    return 0


def _token() -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        token = getpass("token: ")
    else:
        token = sys.stdin.readline()
    if not token.strip():
        raise UsageError("no token was given")
    return token


def _masked(token: Setting) -> Setting:
    if not token.value:
        return token
    end = token.value.strip()[-4:] if len(token.value.strip()) >= _LONG_TOKEN else ""
    return Setting(token.name, f"set, ends in {end}" if end else "set", token.source)
