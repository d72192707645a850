"""``python -m scripts.aws …``: what the Makefile's targets for AWS call. Exit codes: 0 done, 1 the user can mend it, 2 not, 130 Ctrl+C."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from loom.cli.exit_codes import INTERRUPTED
from loom.client.config import Settings
from loom.client.errors import LoomError
from scripts.aws.errors import OperatingError, Refused

if TYPE_CHECKING:
    from scripts.aws.account import Account
    from scripts.aws.deploy import Consent
    from scripts.aws.stack import Stack
    from scripts.aws.stage import Stage

#: Seconds between two looks at what CloudFormation does.
_PAUSE: Final = 3
#: AWS's own settings, unless somebody has set them: an account in which much is deployed throttles whoever looks often.
_PATIENCE: Final = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8"}


def _say(text: str) -> None:
    print(text, flush=True)


def _deploy(options: argparse.Namespace) -> None:
    from scripts.aws.deploy import deploy

    account, stage, stack = _place(options)
    deploy(account, stage, stack, options.bucket, _consent(options), _say)


def _rollback(options: argparse.Namespace) -> None:
    from scripts.aws.deploy import rollback

    account, stage, stack = _place(options)
    rollback(account, stage, stack, options.bucket, options.to, _consent(options), _say)


def _destroy(options: argparse.Namespace) -> None:
    from scripts.aws.destroy import destroy

    account, stage, stack = _place(options)
    destroy(account, stage, stack, _consent(options), _say)


def _restore(options: argparse.Namespace) -> None:
    from scripts.aws.restore import restore

    account, _, stack = _place(options)
    restore(account, stack, options.source, _consent(options), _say, time.sleep)


def _token(options: argparse.Namespace) -> None:
    """On stdout there is the token and nothing else, so that it can be piped to where it is kept."""
    from scripts.aws.token import make_token

    account, _, stack = _place(options)
    _say(make_token(account, stack, options.user, options.role))


def _smoke(options: argparse.Namespace) -> None:
    from scripts.aws.smoke import Patience, smoke

    config = Settings(options.url, None, None, os.environ).config()
    smoke(config, _say, Patience(running=options.timeout), options.image)


def _place(options: argparse.Namespace) -> "tuple[Account, Stage, Stack]":
    import boto3

    from scripts.aws.account import Account
    from scripts.aws.stack import Stack
    from scripts.aws.stage import Stage

    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    stage = Stage(options.stage)
    account = Account(boto3.Session())
    if not account.region:
        raise Refused("missing:\n  - a region: set AWS_REGION, or one in your profile")
    return account, stage, Stack(account.client("cloudformation"), stage.stack, lambda: time.sleep(_PAUSE))


def _consent(options: argparse.Namespace) -> "Consent":
    from scripts.aws.deploy import Consent

    def ask(question: str) -> bool:
        if options.yes:
            return True
        if not sys.stdin.isatty():
            _say(f"{question} Nobody is there to answer: say YES=1")
            return False
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    return Consent(ask, plan_only=getattr(options, "plan", False), force=getattr(options, "force", False))


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {
    "deploy": _deploy,
    "rollback": _rollback,
    "destroy": _destroy,
    "restore": _restore,
    "token": _token,
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    grammar = argparse.ArgumentParser(prog="python -m scripts.aws", description=__doc__)
    commands = grammar.add_subparsers(dest="command", required=True)
    deploying = commands.add_parser("deploy", help="what `make package` made becomes what runs")
    back = commands.add_parser("rollback", help="an earlier release becomes what runs")
    destroying = commands.add_parser("destroy", help="delete the stack")
    restoring = commands.add_parser("restore", help="put a restored table in the place of what the stage's holds")
    token = commands.add_parser("token", help="a token for a user")
    for one in (deploying, back, destroying, restoring, token):
        one.add_argument("--stage", required=True, help="dev, staging or prod")
    for one in (deploying, back, destroying, restoring):
        one.add_argument("--yes", action="store_true", help="do not ask")
    for one in (deploying, back, destroying):
        one.add_argument("--force", action="store_true", help="even when something is lost")
    for one in (deploying, back):
        one.add_argument("--bucket", help="the artifact bucket (weavers-artifacts-ACCOUNT-REGION)")
        one.add_argument("--plan", action="store_true", help="show the plan, change nothing")
    back.add_argument("--to", help="the release; without it, the one before that which runs")
    restoring.add_argument(
        "--from", dest="source", required=True, help="the table that point-in-time recovery has made"
    )
    token.add_argument("--user", required=True, help="whose it is")
    token.add_argument("--role", choices=("support", "system_admin"), help="a role in the whole system")
    smoking = commands.add_parser("smoke", help="make a weaver, use it, delete it")
    smoking.add_argument("--url", help="the API; without it LOOM_URL or loom's configuration file")
    smoking.add_argument("--image", help="an image with sh, instead of the default one")
    smoking.add_argument("--timeout", type=float, default=300, help="seconds until the weaver must run (300)")
    return grammar


def _run(options: argparse.Namespace) -> None:
    if options.command == "smoke":
        return _smoke(options)
    from scripts.aws.account import told  # brings boto3, which a smoke test does not need

    with told():
        return _COMMANDS[options.command](options)


def main() -> int:
    """The exit code."""
    options = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stopped pipeline cleans up, too
    try:
        _run(options)
    except (LoomError, OperatingError) as error:
        print(f"{options.command}: failed: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    if options.command != "token":
        _say(f"{options.command}: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
