"""What every command's grammar shares: one-line errors that say what may have been meant, help as written, common options."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn, cast

from loom.cli.output import columns
from loom.client.errors import UsageError
from loom.client.nearest import did_you_mean

#: Runs a command; returns the exit code.
Run = Callable[[argparse.Namespace], int]
#: The metavars of a weaver's id or name, and of a context's name: completion knows by them what to offer.
REF = "REF"
CONTEXT = "CONTEXT"


class Parser(argparse.ArgumentParser):
    """A wrong command line is the user's error: exit code 1, where argparse says 2."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}{' ' if message.endswith('?') else '; '}see: {self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """The same, but for words that are left over: here it is known which options there are."""
        self._check_leading(args)
        namespace, left = super().parse_known_args(args, namespace)
        if left:
            self._left_over(left)
        return namespace, left

    def options(self) -> dict[str, argparse.Action]:
        """All options, by each of their names."""
        return dict(self._option_string_actions)

    def positionals(self) -> list[argparse.Action]:
        """What is taken by its place, but for a command."""
        return [one for one in self._actions if not one.option_strings and one.nargs != argparse.PARSER]

    def commands(self) -> "dict[str, Parser]":
        """The commands, by each of their names; none in a command that has none."""
        choices = next((one.choices for one in self._actions if one.nargs == argparse.PARSER), {})
        return dict(cast("Mapping[str, Parser]", choices))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.nargs == argparse.PARSER and value not in self.commands():
            self.error(f"there is no command {value!r}{did_you_mean(str(value), self.commands(), 1)}")
        super()._check_value(action, value)

    def _check_leading(self, words: Sequence[str]) -> None:
        """Options before a command: argparse would take the value of one that is not known for the command."""
        rest = iter(words)
        for word in rest:
            option, sign, _ = word.partition("=")
            if not option.startswith("--") or option == "--":
                return
            if (action := self.options().get(option)) is None:
                self._left_over([option])
            if action.nargs is None and not sign:
                next(rest, None)

    def _left_over(self, words: Sequence[str]) -> NoReturn:
        option = next((word.partition("=")[0] for word in words if word.startswith("-")), None)
        if option is None:
            self.error(f"nothing is expected at {words[0]!r}")
        self.error(
            f"there is no option {option}{did_you_mean(option, (name for name in self.options() if len(name) > 2), 1)}"
        )


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with epilogs as they are written, as wide as the terminal."""

    def __init__(self, prog: str, width: int | None = None) -> None:
        # argparse makes one for each option that is declared, and would ask for the terminal's size each time.
        super().__init__(prog, width=width or _columns())


@cache
def _columns() -> int:
    """As argparse has it: two less than the terminal's columns."""
    return columns(sys.stdout) - 2


def add_command(commands: Any, name: str, text: str, examples: str, run: Run, **more: Any) -> argparse.ArgumentParser:
    """One command, to the subparsers ``commands``. ``examples`` stand at the end of its help, as they are."""
    epilog = f"examples:\n{examples}" + more.pop("epilog", "")
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=epilog,
        formatter_class=Formatter,
        allow_abbrev=False,
        **more,
    )
    # As of their own: a value given before the command must not be overwritten by a default given after it.
    for option, metavar in (("--url", "URL"), ("--token", "TOKEN"), ("--context", CONTEXT)):
        parser.add_argument(option, metavar=metavar, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run, takes_command=False)
    return parser


def add_group(commands: Any, name: str, text: str, examples: str, **more: Any) -> Any:
    """A command that has commands; returns their subparsers."""
    parser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"examples:\n{examples}",
        formatter_class=Formatter,
        allow_abbrev=False,
        **more,
    )
    return add_subcommands(parser)


def add_subcommands(parser: argparse.ArgumentParser, *, required: bool = True) -> Any:
    """The subparsers of a command that has commands."""
    # Told the program's name, argparse does not write a usage to find it.
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=required, prog=parser.prog)
