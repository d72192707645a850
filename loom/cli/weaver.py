"""The command group of weavers: what each command takes. A command's own module is imported when it runs."""

import argparse
from typing import Any

_NEW_USAGE = "%(prog)s [options] [-- COMMAND...]"
_NEW_EPILOG = """\
COMMAND is run in place of the image's own.

On a terminal, the weaver's shell follows; Ctrl+P Ctrl+Q detaches. Without one (or with --json), the weaver's short id (its
JSON) goes to stdout once it runs, with --no-attach as soon as it is made.

exit codes: 0 ok, detached; 1 bad usage, refused, or the weaver expired or was deleted; 2 API or relay failed; 130 Ctrl+C.
When the weaver's main process ends while attached: its own exit code.
"""


def add_commands(commands: Any) -> None:
    """``new``, ``attach``, ``ps`` and ``delete``, to the subparsers ``commands``."""
    _add_new(commands)
    _add_attach(commands)
    _add_ps(commands)
    _add_delete(commands)


def _add_new(commands: Any) -> None:
    parser = _command(commands, "new", "make a weaver and a terminal in it", _new, epilog=_NEW_EPILOG, usage=_NEW_USAGE)
    add = parser.add_argument
    add("-i", "--image", metavar="IMAGE", help="container image (default: the server's)")
    add("--org", metavar="ORG", help="the org it belongs to (default: your own)")
    add("--repo", metavar="URL", help="https URL of a git repository to clone")
    add("--branch", metavar="NAME", help="branch or tag to clone")
    add("-e", "--env", metavar="K=V", action="append", default=[], help="environment; -e K passes on your own value")
    add("--ttl", metavar="TIME", help="lifetime: hours, or 30m, 2h, 1d (default: 4 hours)")
    add("--name", metavar="NAME", help="a name to call it by")
    add("--tag", metavar="K:V", action="append", default=[], help="a tag; repeatable")
    add("--cpu", metavar="N", help="cpu limit: 500m, 2")
    add("--memory", metavar="SIZE", help="memory limit: 512Mi, 4Gi")
    add("--workdir", metavar="PATH", help="where the shell starts (default: the clone)")
    add("--no-attach", action="store_true", help="do not wait: print the short id")
    add("--json", action="store_true", help="do not attach: print the weaver as JSON")


def _add_attach(commands: Any) -> None:
    parser = _command(commands, "attach", "a terminal in a weaver", _attach)
    parser.add_argument("reference", metavar="REF", help="id, short id, name or unique prefix")


def _add_ps(commands: Any) -> None:
    parser = _command(commands, "ps", "list weavers; in a pipe: tab-separated, without header", _ps)
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="also those that have ended")
    add("--org", metavar="ORG", help="those of an org")
    add("--owner", metavar="USER", help="those of a user")
    add("--status", metavar="STATUS", help="pending, running, succeeded, failed or terminating")
    add("--tag", metavar="K:V", action="append", default=[], help="those with a tag; repeatable")
    add("-q", "--quiet", action="store_true", help="only the short ids")
    add("--json", action="store_true", help="as JSON, as the API gives them")


def _add_delete(commands: Any) -> None:
    parser = _command(commands, "delete", "end weavers", _delete, aliases=["rm"])
    parser.add_argument("references", metavar="REF", nargs="+", help="id, short id, name or unique prefix")


def _command(commands: Any, name: str, text: str, run: Any, **more: Any) -> argparse.ArgumentParser:
    kind = argparse.RawDescriptionHelpFormatter
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, formatter_class=kind, allow_abbrev=False, **more
    )
    # As of their own: a value given before the command must not be overwritten by a default given after it.
    parser.add_argument("--url", metavar="URL", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--token", metavar="TOKEN", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run, takes_command=name == "new")
    return parser


def _new(options: argparse.Namespace) -> int:
    from loom.cli.new import run

    return run(options)


def _attach(options: argparse.Namespace) -> int:
    from loom.cli.attach import run

    return run(options)


def _ps(options: argparse.Namespace) -> int:
    from loom.cli.ps import run

    return run(options)


def _delete(options: argparse.Namespace) -> int:
    from loom.cli.delete import run

    return run(options)
