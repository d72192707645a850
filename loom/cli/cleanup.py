"""``loom cleanup``: the sweep, now and to its end, or told beforehand."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from loom.cli.in_place import InPlace
from loom.cli.options import api_of
from loom.cli.output import out_json, out_table, say
from loom.client.api import Api
from loom.printable import printable

_COLUMNS = ("action", "subject", "why")


def run(options: argparse.Namespace) -> int:
    """``loom cleanup``. What was done until something failed is told, too."""
    swept, shown = Swept(dry_run=options.dry_run), InPlace.on_stderr()
    api = api_of(options)
    try:
        while swept.sweep(api):
            shown.draw(f"sweeping; {_counted(len(swept.steps), 'step')} so far")
    finally:
        shown.clear()
        if swept.asked:
            _print(swept, options)
    return 0


class Swept:
    """What the sweeps did, or would do, in all. ``more``: there is more to do than that."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.asked = self.more = False
        self.steps: list[Mapping[str, Any]] = []
        self.deleted_ids: list[str] = []
        self.deleted_count = 0  # of a large sweep, not all ids are told
        self._told: set[tuple[object, object]] = set()

    def sweep(self, api: Api) -> bool:
        """One sweep. Returns whether another has something to do: where one did only what was done before, time must pass first.

        Raises LoomError.
        """
        answer = api.cleanup(dry_run=self.dry_run)
        new = [step for step in answer["steps"] if (step.get("action"), step.get("subject")) not in self._told]
        self._told |= {(step.get("action"), step.get("subject")) for step in new}
        self.steps += new
        self.deleted_ids += answer["deleted_ids"]
        self.deleted_count += answer["deleted_count"]
        self.asked, self.more = True, bool(answer.get("more"))
        return self.more and bool(new) and not self.dry_run


def _print(swept: Swept, options: argparse.Namespace) -> None:
    if options.json:
        names = ("dry_run", "deleted_count", "deleted_ids", "more", "steps")
        out_json({name: getattr(swept, name) for name in names})
        return
    rows = [[printable(str(step.get(column) or "")) for column in _COLUMNS] for step in swept.steps]
    if not sys.stdout.isatty():
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
    elif rows:
        out_table([column.upper() for column in _COLUMNS], rows, {})
    sys.stdout.flush()
    say(_summary(swept))


def _summary(swept: Swept) -> str:
    parts = [_counted(len(swept.steps), "step") if swept.steps else "nothing to do"]
    if swept.deleted_count:
        parts.append(f"{_counted(swept.deleted_count, 'weaver')} {'would be ' if swept.dry_run else ''}deleted")
    if swept.dry_run and swept.steps:
        parts.append("nothing was done")
    if swept.more:
        parts.append(
            "there is more to do than that" if swept.dry_run else "the rest takes its time: the next sweeps do it"
        )
    return "; ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
