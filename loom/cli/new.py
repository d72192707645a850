"""``loom new``: create a weaver and be its terminal as soon as it runs; without a terminal, wait and print its id."""

import argparse
import os
import time
from typing import Any

from loom.cli import options as given
from loom.cli.attached import be_terminal, record_of, tickets_for, wait_until_running
from loom.cli.exit_codes import INTERRUPTED
from loom.cli.farewell import come_back
from loom.cli.labels import label, short_id
from loom.cli.output import on_terminal, out, out_json, say
from loom.cli.signals import Terminated
from loom.cli.terminal import confirm
from loom.client.api import Api, Weaver, ticket_of
from loom.client.errors import ApiError, LoomError

#: Fields of a create whose flag has another name.
_FLAGS = {
    "lifetime_hours": "--ttl (hours)",
    "resources.memory_limit": "--memory",
    "resources.cpu_limit": "--cpu",
    "org_id": "--org",
    "cluster": "--cluster",
    "tags": "--tag",
}


def run(options: argparse.Namespace) -> int:
    """``loom new``. Returns the session's exit code; 0 for a weaver that was made or runs and has nobody attached."""
    body = create_body(options)
    api = given.api_of(options)
    waiting = not options.no_attach
    created_at = time.monotonic()
    try:
        weaver = api.create({**body, "attach": "driver"} if waiting else body)
    except ApiError as error:
        raise _in_flags(error) from error
    if not waiting:
        _print(weaver, options)
        return 0
    try:
        return _wait_or_attach(api, weaver, options, created_at)
    except KeyboardInterrupt:
        return _interrupted(api, weaver)


def create_body(options: argparse.Namespace) -> dict[str, Any]:
    """The body of POST /api/weaver: what was given, and nothing else. Raises UsageError."""
    resources = {"memory_limit": options.memory, "cpu_limit": options.cpu}
    body = {
        "image": options.image,
        "org_id": options.org,
        "cluster": options.cluster,
        "repo": options.repo,
        "branch": options.branch,
        "name": options.name,
        "workdir": options.workdir,
        "lifetime_hours": None if options.ttl is None else given.lifetime_hours(options.ttl),
        "env": given.environment(options.env, os.environ),
        "tags": given.tags(options.tag),
        "resources": {name: value for name, value in resources.items() if value},
        "command": options.command,
    }
    return {name: value for name, value in body.items() if value not in (None, {}, [])}


def _in_flags(error: ApiError) -> ApiError:
    """``error`` with the flag that was typed in place of the API's name for it."""
    field = str(error.details.get("field", ""))
    flag = _FLAGS.get(field)
    message = str(error)
    if flag and message.startswith(field):
        message = flag + message.removeprefix(field)
    return ApiError(error.status, error.code, message, error.details)


def _wait_or_attach(api: Api, weaver: Weaver, options: argparse.Namespace, created_at: float) -> int:
    say(f"weaver {label(weaver)} ({short_id(weaver)})" if weaver.get("name") else f"weaver {short_id(weaver)}")
    ticket = ticket_of(weaver["attach"]) if weaver.get("attach") else api.ticket(weaver["id"])
    new_ticket, record = tickets_for(options, weaver), record_of(options, weaver)
    if on_terminal() and not options.json:
        return be_terminal(weaver, ticket, new_ticket, record, created_at)
    try:
        never = wait_until_running(weaver, ticket, new_ticket, record, created_at)
    except Terminated as error:
        say(f"stopped waiting for {label(weaver)}; {come_back(weaver)}")
        return error.exit_code
    if never:
        text, code = never
        say(text)
        return code or 1  # it was to run, and does not
    _print(api.get(weaver["id"]) if options.json else weaver, options)
    return 0


def _print(weaver: Weaver, options: argparse.Namespace) -> None:
    if options.json:
        out_json({name: value for name, value in weaver.items() if name != "attach"})
    else:
        out(short_id(weaver))


def _interrupted(api: Api, weaver: Weaver) -> int:
    if on_terminal() and confirm(f"loom: delete the weaver {label(weaver)}?"):
        try:
            api.delete(weaver["id"])
            say(f"deleted {label(weaver)}")
        except LoomError as error:
            say(f"it could not be deleted: {error}; try again with: loom delete {short_id(weaver)}")
    else:
        say(f"{label(weaver)} keeps starting; {come_back(weaver)}, or end it with: loom delete {short_id(weaver)}")
    return INTERRUPTED
