"""``loom ps --watch``: lists again and again. On a terminal a table is redrawn in place; elsewhere each change is a line.

Ctrl+C is how it is left, and no failure: exit code 0, as with watch(1) and top(1).
"""

import argparse
import os
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NoReturn

from loom.cli.options import settings_of
from loom.cli.output import on_terminal, out, say, telling
from loom.cli.pace import Pace
from loom.cli.ps import line, listed
from loom.client.api import Api, Weaver
from loom.client.errors import ApiError, LoomError

_NOT_FOUND = "weaver_not_found"


def watch(options: argparse.Namespace, pace: Pace | None = None) -> int:
    """Until Ctrl+C. Raises LoomError when the first list fails, or one for a reason that does not pass by itself."""
    pace = pace or Pace()
    config = settings_of(options).config()
    if on_terminal() and not options.json and not options.quiet and os.environ.get("TERM") != "dumb":
        from loom.cli.board import watch_on_terminal

        return watch_on_terminal(Api(config, lambda _what: nullcontext()), options, pace)
    try:
        _tell_changes(Changes(Api(config, telling), options), options, pace, _pause)
    except KeyboardInterrupt:
        return 0


class Changes:
    """What :meth:`look` has not told yet. It fails, or it tells: nothing is lost by a failure in between."""

    def __init__(self, api: Api, options: argparse.Namespace) -> None:
        self._api = api
        self._options = options
        self._told: dict[str, object] = {}

    def look(self) -> Sequence[Weaver]:
        """Weavers that are new or have changed; last, those that are not listed any more, as they are now."""
        weavers = listed(self._api, self._options)
        now = {weaver["id"]: self._shown(weaver) for weaver in weavers}
        changed = [weaver for weaver in weavers if self._told.get(weaver["id"]) != now[weaver["id"]]]
        gone = [weaver for weaver_id in self._told if weaver_id not in now for weaver in self._last(weaver_id)]
        self._told = now
        return [*changed, *gone]

    def _shown(self, weaver: Weaver) -> object:
        return weaver if self._options.json else line(weaver, argparse.Namespace(quiet=False))

    def _last(self, weaver_id: str) -> Sequence[Weaver]:
        try:
            return [self._api.get(weaver_id)]
        except ApiError as error:
            if error.code != _NOT_FOUND:
                raise
            return []  # its history is over, too, or not for us to see any more


def _tell_changes(
    changes: Changes, options: argparse.Namespace, pace: Pace, pause: Callable[[float], None]
) -> NoReturn:
    first = True
    while True:
        try:
            weavers = changes.look()
        except LoomError as error:
            if first or not error.passing:
                raise
            if not pace.failing:
                say(f"{error}; asking again")
            pause(pace.failed())
            continue
        if pace.failing:
            say("the API answers again")
        first = False
        for weaver in weavers:
            out(_line(weaver, options))
        sys.stdout.flush()
        pause(pace.answered())


def _line(weaver: Weaver, options: argparse.Namespace) -> str:
    if not options.json:
        return line(weaver, options)
    import json

    return json.dumps(weaver)


def _pause(seconds: float) -> None:
    """Raises BrokenPipeError once nobody reads what is written here: there may never be a change to notice it by."""
    reader = select.poll()
    reader.register(sys.stdout, 0)
    if reader.poll(seconds * 1000):
        raise BrokenPipeError
