"""``loom ps``: weavers as a table for people, as plain columns for a pipe, or as JSON."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from loom.cli.labels import short_id
from loom.cli.options import api_of, tags
from loom.cli.output import in_colour, out_json, out_table, say
from loom.cli.times import since, until
from loom.client.api import Api, Weaver
from loom.printable import printable

#: What a list of nothing says.
NONE = "no weavers; make one with: loom new"
#: ECMA-48 §8.3.117: green, yellow, red, and faint for what has ended or is about to.
_COLOURS = {"running": "32", "pending": "33", "failed": "31", "succeeded": "2", "terminating": "2"}


def run(options: argparse.Namespace) -> int:
    """``loom ps``."""
    if options.watch:
        from loom.cli.watch import watch

        return watch(options)
    weavers = listed(api_of(options), options)
    if options.json:
        out_json(weavers)
    elif not options.quiet and sys.stdout.isatty():
        _print_table(weavers, ended=options.all)
    else:
        sys.stdout.writelines(f"{line(weaver, options)}\n" for weaver in weavers)
    return 0


def listed(api: Api, options: argparse.Namespace) -> list[Weaver]:
    """The weavers that are asked for, the newest first; those that have ended after the others."""
    query = list_query(options)
    weavers = list(api.weavers(query))
    if options.all:  # the second answer is the newer one, of a weaver that ended between the two
        weavers += api.weavers([*query, ("ended", "true")])
        weavers = list({weaver["id"]: weaver for weaver in weavers}.values())
    return weavers


def line(weaver: Weaver, options: argparse.Namespace) -> str:
    """One weaver for a pipe."""
    return short_id(weaver) if options.quiet else "\t".join(_row(weaver, None))


def table_of(
    weavers: Sequence[Weaver], now: datetime, *, ended: bool
) -> tuple[Sequence[str], Sequence[Sequence[str]], dict[int, Sequence[str]]]:
    """Header, rows and colours of the table for people; ``ended`` tells whether ended ones are among them."""
    header = ("ID", "NAME", "STATUS", "REPO", "CREATED", "END" if ended else "ENDS", "TAGS")
    colours = [_COLOURS.get(str(weaver.get("status")), "") for weaver in weavers]
    return header, [_row(weaver, now) for weaver in weavers], {2: colours} if in_colour() else {}


def list_query(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The query of GET /api/weavers. Raises UsageError."""
    query = [(name, getattr(options, name)) for name in ("org", "owner", "status") if getattr(options, name)]
    return [*query, *(("tag", f"{key}:{value}") for key, value in tags(options.tag).items())]


def _row(weaver: Weaver, now: datetime | None) -> list[str]:
    """One weaver's columns; times relative to ``now``, or as the API gave them when that is None."""
    status, reason = weaver.get("status"), weaver.get("reason")
    created, ended, expires = weaver.get("created_at"), weaver.get("ended_at"), weaver.get("expires_at")
    repo, branch = _repo(weaver), weaver.get("branch")
    labels = weaver.get("tags") or {}
    row = [
        short_id(weaver),
        weaver.get("name"),
        f"{status} ({reason})" if reason else status,
        f"{repo}@{branch}" if repo and branch else repo,
        since(created, now) if now else created,
        (since(ended, now) if ended else until(expires, now)) if now else ended or expires,
        " ".join(f"{key}:{value}" for key, value in labels.items()),
    ]
    return [printable(str(value or "")) for value in row]


def _repo(weaver: Weaver) -> str:
    """The repository without what every URL has."""
    repo = str(weaver.get("repo") or "")
    return repo.partition("://")[2].removesuffix(".git") or repo


def _print_table(weavers: Sequence[Weaver], *, ended: bool) -> None:
    if weavers:
        out_table(*table_of(weavers, datetime.now(UTC), ended=ended))
    else:
        say(NONE)
