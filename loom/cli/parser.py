"""The command line's grammar: from words to a namespace whose ``run`` is the command."""

import argparse
from collections.abc import Sequence

from loom import __version__
from loom.cli import itself, weaver
from loom.cli.grammar import CONTEXT, Formatter, Parser, add_group, add_subcommands
from loom.client.errors import UsageError

_EPILOG = """\
examples:
  loom new --repo https://github.com/o/r     a shell, in a clone of a repository
  loom ps                                    what runs
  loom attach otter                          back into one

Which API, and as whom: --url and --token, else the context that --context names,
else LOOM_URL and LOOM_TOKEN, else the context that LOOM_CONTEXT names, else the
current one of ~/.config/loom/config.toml (or of the file LOOM_CONFIG). What came
from where is shown by: loom config
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command that ``arguments`` ask for. Raises UsageError; SystemExit after a help text."""
    return _parsed(grammar(), [*arguments])


def grammar() -> argparse.ArgumentParser:
    """All commands and options; the documentation's reference and completion are made from it."""
    parser = Parser(
        prog="loom",
        description="Weavers: clean, isolated, shareable places to work, in seconds.",
        epilog=_EPILOG,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--url", metavar="URL", help="base URL of the API")
    parser.add_argument("--token", metavar="TOKEN", help="your token; better in LOOM_TOKEN: others see command lines")
    parser.add_argument("--context", metavar=CONTEXT, help="a context of the configuration file")
    parser.add_argument("--version", action="version", version=f"loom {__version__}")
    commands = add_subcommands(parser)
    weaver.add_commands(commands)
    group = add_group(commands, "weaver", "the same commands, as: loom weaver new ...", "  loom weaver ps\n")
    weaver.add_commands(group)
    itself.add_commands(commands)
    return parser


def _parsed(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """What follows ``--`` is a command's own, word for word: argparse never sees it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.command = arguments[end + 1 :]
    if options.command and not options.takes_command:
        raise UsageError("only `loom new` takes a command after --")
    return options
