"""The command line's grammar: from words to a namespace whose ``run`` is the command."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from loom import __version__
from loom.cli import weaver
from loom.client.errors import UsageError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """A wrong command line is the user's error: exit code 1, where argparse says 2."""
        raise UsageError(f"{message}; see: {self.prog} --help")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command that ``arguments`` ask for. Raises UsageError; SystemExit after a help text."""
    return _parsed(grammar(), [*arguments])


def grammar() -> argparse.ArgumentParser:
    """All commands and options; the documentation's reference is made from it."""
    parser = _Parser(
        prog="loom",
        description="Weavers: clean, isolated, shareable places to work, in seconds.",
        epilog="The API and your token: --url and --token, else LOOM_URL and LOOM_TOKEN, else ~/.config/loom/config.toml.",
        allow_abbrev=False,
    )
    parser.add_argument("--url", metavar="URL", help="base URL of the API")
    parser.add_argument("--token", metavar="TOKEN", help="your token; better in LOOM_TOKEN: others see command lines")
    parser.add_argument("--version", action="version", version=f"loom {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    weaver.add_commands(commands)
    group = commands.add_parser("weaver", help="the same commands, as: loom weaver new ...")
    weaver.add_commands(group.add_subparsers(title="commands", metavar="COMMAND", required=True))
    commands.add_parser("version", help="this program's version").set_defaults(run=_version, takes_command=False)
    return parser


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """What follows ``--`` is a command's own, word for word: argparse never sees it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.command = arguments[end + 1 :]
    if options.command and not options.takes_command:
        raise UsageError("only `loom new` takes a command after --")
    return options


def _version(_options: argparse.Namespace) -> int:
    from loom.cli.output import out

    out(f"loom {__version__}")
    return 0
