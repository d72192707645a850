"""``loom describe``: everything that the API tells of one weaver."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from loom.cli.endings import ended_by
from loom.cli.labels import short_id
from loom.cli.options import api_of, checked_reference
from loom.cli.output import out, out_json, say
from loom.cli.references import ended, explained, not_found
from loom.cli.times import parsed, since, until
from loom.client.api import Api, Weaver
from loom.client.errors import ApiError
from loom.printable import printable


def run(options: argparse.Namespace) -> int:
    """``loom describe REF``."""
    weaver = _living_or_ended(api_of(options), checked_reference(options.reference))
    if options.json:
        out_json(weaver)
        return 0
    on_terminal = sys.stdout.isatty()
    lines = [(name, printable(str(value))) for name, value in _lines(weaver, on_terminal) if value]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        out(f"{name.ljust(width)}  {value}" if on_terminal else f"{name}\t{value}")
    return 0


def _living_or_ended(api: Api, reference: str) -> Weaver:
    """Who has just lost a weaver knows its name, and not its full id. Raises LoomError."""
    try:
        return api.get(reference)
    except ApiError as error:
        gone = ended(api, reference) if not_found(error) else None
        if gone is None:
            raise explained(api, reference, error) from error
    say(printable(f"{reference} is no more; this is the newest of yours that was called so: {gone['id']}"))
    return gone


def _lines(weaver: Weaver, on_terminal: bool) -> Iterator[tuple[str, object]]:
    """What is told, and its value if it has one. For a pipe, times are as the API gave them."""
    now = datetime.now(UTC) if on_terminal else None
    yield "name", weaver.get("name")
    yield "id", weaver["id"]
    yield "short id", short_id(weaver)
    yield "status", weaver.get("status")
    yield "reason", weaver.get("reason")
    yield "message", weaver.get("message")
    yield "stages", _stages(weaver)
    for name in ("image", "repo", "branch"):
        yield name, weaver.get(name)
    yield "tags", " ".join(f"{key}:{value}" for key, value in (weaver.get("tags") or {}).items())
    yield "owner", weaver.get("owner_user_id")
    yield "org", weaver.get("org_id")
    yield "cluster", weaver.get("cluster")
    yield "pod", weaver.get("pod_name")
    yield "created", _ago(weaver.get("created_at"), now)
    yield "ended by", ended_by(weaver)
    if weaver.get("ended_at"):
        yield "ended", _ago(weaver["ended_at"], now)
    else:
        yield "ends", _moment(weaver.get("expires_at"), until(weaver.get("expires_at"), now) if now else "")
    yield "lifetime", f"{weaver['lifetime_hours']:.4g}h" if weaver.get("lifetime_hours") else None
    limits = weaver.get("resources") or {}
    yield "memory limit", limits.get("memory_limit") or "none"
    yield "cpu limit", limits.get("cpu_limit") or "none"
    yield "loom session", "yes" if weaver.get("has_session") else "no"


def _ago(moment: object, now: datetime | None) -> str:
    return _moment(moment, since(moment, now) if now else "")


def _moment(moment: object, told: str) -> str:
    """A moment as the API gave it, and beside it how long that is from now."""
    return f"{moment} ({told})" if told else str(moment or "")


def _stages(weaver: Weaver) -> str:
    """Each stage that was reached, and how long it took after the one before.

    Kubernetes tells whole seconds, so that what came first may seem to be later.
    """
    moments = {name: moment for name, text in (weaver.get("stages") or {}).items() if (moment := parsed(text))}
    reached = sorted(moments.items(), key=lambda stage: (stage[0] != "reserved", stage[1]))
    told = [
        f"{name} {max(0.0, (moment - before).total_seconds()):.1f}s"
        for (_, before), (name, moment) in pairwise(reached)
    ]
    return " · ".join([*(name for name, _ in reached[:1]), *told])
