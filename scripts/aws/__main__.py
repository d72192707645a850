"""``python -m scripts.aws …``: what the Makefile's targets for AWS call. Exit codes: 0 done, 1 the user can mend it, 2 not, 130 Ctrl+C."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Final

from loom.cli.exit_codes import INTERRUPTED
from loom.client.config import Settings
from loom.client.errors import LoomError
from scripts.aws.smoke import Patience, smoke


def _say(text: str) -> None:
    print(text, flush=True)


def _smoke(options: argparse.Namespace) -> int:
    config = Settings(options.url, None, None, os.environ).config()
    smoke(config, _say, Patience(running=options.timeout), options.image)
    _say("smoke: ok")
    return 0


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {"smoke": _smoke}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    grammar = argparse.ArgumentParser(prog="python -m scripts.aws", description=__doc__)
    commands = grammar.add_subparsers(dest="command", required=True)
    smoking = commands.add_parser("smoke", help="make a weaver, use it, delete it")
    smoking.add_argument("--url", help="the API; without it LOOM_URL or loom's configuration file")
    smoking.add_argument("--image", help="an image with sh, instead of the default one")
    smoking.add_argument("--timeout", type=float, default=300, help="seconds until the weaver must run (300)")
    return grammar


def main() -> int:
    """The exit code."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stopped pipeline cleans up, too
    try:
        return _COMMANDS[options.command](options)
    except LoomError as error:
        print(f"{options.command}: failed: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
