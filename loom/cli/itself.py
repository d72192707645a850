"""The commands about ``loom`` itself: what each takes. A command's own module is imported when it runs."""

import argparse
from typing import Any

from loom.cli.grammar import CONTEXT, add_command, add_subcommands

_CONFIG_EXAMPLES = """\
  loom config                                    what came from where
  loom config --context work                     the same for another context
  loom config set url https://loom.example.com --context work
  loom config set token --context work           asks for it
  loom config use work                           from now on
"""
_VERSION_EXAMPLES = """\
  loom version            this program, the API and the relay
  loom version --json
  loom --version          only this program: asks nobody
"""
_COMPLETION_EXAMPLES = """\
  echo 'source <(loom completion bash)' >> ~/.bashrc
  echo 'source <(loom completion zsh)' >> ~/.zshrc       below its compinit
  loom completion fish > ~/.config/fish/completions/loom.fish
"""


def add_commands(commands: Any) -> None:
    """``config``, ``completion`` and ``version``, to the subparsers ``commands``."""
    _add_config(commands)
    text = "print a shell's completion script"
    completion = add_command(commands, "completion", text, _COMPLETION_EXAMPLES, _completion)
    completion.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")
    version = add_command(
        commands, "version", "the versions of loom, the API and the relay", _VERSION_EXAMPLES, _version
    )
    version.add_argument("--json", action="store_true", help="as JSON")


def _add_config(commands: Any) -> None:
    text = "show what is configured and what came from where; change the file"
    usage = "%(prog)s [options] [COMMAND]"
    config = add_command(commands, "config", text, _CONFIG_EXAMPLES, _config, usage=usage)
    config.add_argument("--json", action="store_true", help="as JSON")
    more = add_subcommands(config, required=False)
    add_command(more, "path", "print where the configuration file is", "  cat $(loom config path)\n", _config_path)
    use = add_command(more, "use", "make a context the one that is used", "  loom config use work\n", _config_use)
    use.add_argument("name", metavar=CONTEXT, help="a context of the file, or default")
    examples = "  loom config set url https://loom.example.com\n  loom config set token < token.txt\n"
    change = add_command(more, "set", "write the URL or the token of a context", examples, _config_set)
    change.add_argument("name", metavar="url|token", choices=("url", "token"), help="what to write")
    change.add_argument("value", metavar="VALUE", nargs="?", help="the URL; a token is asked for, or read from stdin")


def _config(options: argparse.Namespace) -> int:
    from loom.cli.config import show

    return show(options)


def _config_path(options: argparse.Namespace) -> int:
    from loom.cli.config import path

    return path(options)


def _config_use(options: argparse.Namespace) -> int:
    from loom.cli.config import use

    return use(options)


def _config_set(options: argparse.Namespace) -> int:
    from loom.cli.config import change

    return change(options)


def _completion(options: argparse.Namespace) -> int:
    from loom.cli.completion import run

    return run(options)


def _version(options: argparse.Namespace) -> int:
    from loom.cli.version import run

    return run(options)
