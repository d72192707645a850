"""The command group of weavers: what each command takes. A command's own module is imported when it runs."""

import argparse
from typing import Any

from loom.cli.grammar import REF, add_command

_NEW_USAGE = "%(prog)s [options] [-- COMMAND...]"
_NEW_EXAMPLES = """\
  loom new                                           a shell in a fresh weaver
  loom new --repo https://github.com/o/r             in a clone of a repository
  loom new --name otter --ttl 2h --tag team:core     named, for two hours
  loom new -i ghcr.io/o/tools:1 -e TOKEN -- make     another image, your $TOKEN
  id=$(loom new --no-attach)                         in a script
"""
_NEW_EPILOG = """
COMMAND is run in place of the image's own.

On a terminal, the weaver's shell follows; Ctrl+P Ctrl+Q detaches. Without one
(or with --json), the weaver's short id (its JSON) goes to stdout once it runs,
with --no-attach as soon as it is made.

exit codes: 0 ok, detached; 1 bad usage, refused, or the weaver expired or was
deleted; 2 API or relay failed, or the token is not known; 130 Ctrl+C. When the
weaver's main process ends while attached: its own exit code.
"""
_ATTACH_EXAMPLES = """\
  loom attach otter        by its name
  loom attach a1b2c3d4     by its short id, or by a unique beginning of one

Ctrl+P Ctrl+Q detaches, as do exit and Ctrl+D in a shell of loom session; the
weaver keeps running.
"""
_PS_EXAMPLES = """\
  loom ps                                      weavers as a table
  loom ps --status running --tag team:core     some of them
  loom ps --watch                              as they change, until Ctrl+C
  loom ps --all                                also how the ended ones ended
  loom ps --all --json                         the same for a program
  loom delete $(loom ps -q)                    end all of them

In a pipe: tab-separated columns ID, NAME, STATUS, REPO, CREATED, ENDS, TAGS,
without a header; ENDS is when it ended, of one that has. With --watch, a line
(with --json, a weaver on one line) for each weaver that is new or has changed,
and a last one for each that is not listed any more.
"""
_DELETE_EXAMPLES = """\
  loom delete otter a1b2c3d4
  loom delete --wait otter     comes back when it is gone, and counts no more
  loom delete --json otter     which ones were deleted, and which not and why
"""
_DESCRIBE_EXAMPLES = """\
  loom describe otter           all there is to know of it
  loom describe --json otter    for a program

One that has ended tells who or what ended it, and when. By its name or short id
the newest of yours is found; by its full id any: loom ps --all --json tells that.
In a pipe: lines of a name, a tab and a value.
"""
_EXTEND_EXAMPLES = """\
  loom extend otter 8h      it ends eight hours after it was made
  loom extend otter +2h     it ends two hours later than now planned

A weaver lives at most 48 hours. A shorter lifetime than it has is taken too, if
its end is still to come.
"""
_CLEANUP_EXAMPLES = """\
  loom cleanup --dry-run     what a sweep would do, and why
  loom cleanup               do it now, not within the minute

For system admins. ACTION is expire (its lifetime is over), undo (its create did
not come through), finish (wait for the pod of a deleted one), force (its pod did
not go in time), look (it starts), lost (its pod is gone), orphan (a pod without a
weaver) or repair (a quota's counter was wrong).
"""


def add_commands(commands: Any) -> None:
    """All commands of weavers, to the subparsers ``commands``."""
    _add_new(commands)
    _add_attach(commands)
    _add_ps(commands)
    _add_describe(commands)
    _add_extend(commands)
    _add_delete(commands)
    _add_cleanup(commands)


def _add_new(commands: Any) -> None:
    text = "make a weaver and a terminal in it"
    parser = add_command(commands, "new", text, _NEW_EXAMPLES, _new, epilog=_NEW_EPILOG, usage=_NEW_USAGE)
    parser.set_defaults(takes_command=True)
    add = parser.add_argument
    add("-i", "--image", metavar="IMAGE", help="container image (default: the server's)")
    add("--org", metavar="ORG", help="the org it belongs to (default: your own)")
    add("--cluster", metavar="NAME", help="where it runs, if there are several (default: default)")
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
    parser = add_command(commands, "attach", "a terminal in a weaver", _ATTACH_EXAMPLES, _attach)
    parser.add_argument("reference", metavar=REF, help="id, short id, name or unique prefix")
    parser.add_argument("--observe", action="store_true", help="only watch: what is typed goes nowhere")


def _add_ps(commands: Any) -> None:
    parser = add_command(commands, "ps", "list weavers", _PS_EXAMPLES, _ps)
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="also those that have ended")
    add("--org", metavar="ORG", help="those of an org")
    add("--owner", metavar="USER", help="those of a user")
    add("--status", metavar="STATUS", help="pending, running, succeeded, failed or terminating")
    add("--tag", metavar="K:V", action="append", default=[], help="those with a tag; repeatable")
    add("-w", "--watch", action="store_true", help="show what changes, until Ctrl+C")
    add("-q", "--quiet", action="store_true", help="only the short ids")
    add("--json", action="store_true", help="as JSON, as the API gives them")


def _add_describe(commands: Any) -> None:
    parser = add_command(commands, "describe", "tell everything about one weaver", _DESCRIBE_EXAMPLES, _describe)
    parser.add_argument("reference", metavar=REF, help="id, short id, name or unique prefix")
    parser.add_argument("--json", action="store_true", help="as JSON, as the API gives it")


def _add_extend(commands: Any) -> None:
    parser = add_command(commands, "extend", "give a weaver another lifetime", _EXTEND_EXAMPLES, _extend)
    parser.add_argument("reference", metavar=REF, help="id, short id, name or unique prefix")
    parser.add_argument(
        "lifetime",
        metavar="TIME",
        help="lifetime from creation: hours, or 30m, 2h, 1d; with a + before it, so much more",
    )
    parser.add_argument("--json", action="store_true", help="print the weaver as JSON")


def _add_delete(commands: Any) -> None:
    parser = add_command(commands, "delete", "end weavers", _DELETE_EXAMPLES, _delete, aliases=["rm"])
    parser.add_argument("references", metavar=REF, nargs="+", help="id, short id, name or unique prefix")
    parser.add_argument("--wait", action="store_true", help="until they are gone, with their pods")
    parser.add_argument("--timeout", metavar="TIME", help="how long to --wait: seconds, or 30s, 2m (default: 60s)")
    parser.add_argument("--json", action="store_true", help="tell as JSON what was deleted and what was not")


def _add_cleanup(commands: Any) -> None:
    parser = add_command(
        commands, "cleanup", "sweep now: end what is over, mend what is wrong", _CLEANUP_EXAMPLES, _cleanup
    )
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _new(options: argparse.Namespace) -> int:
    from loom.cli.new import run

    return run(options)


def _attach(options: argparse.Namespace) -> int:
    from loom.cli.attach import run

    return run(options)


def _ps(options: argparse.Namespace) -> int:
    from loom.cli.ps import run

    return run(options)


def _describe(options: argparse.Namespace) -> int:
    from loom.cli.describe import run

    return run(options)


def _extend(options: argparse.Namespace) -> int:
    from loom.cli.extend import run

    return run(options)


def _delete(options: argparse.Namespace) -> int:
    from loom.cli.delete import run

    return run(options)


def _cleanup(options: argparse.Namespace) -> int:
    from loom.cli.cleanup import run

    return run(options)
