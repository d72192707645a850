"""What could stand at the cursor of a command line that is being typed."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from loom.cli.grammar import CONTEXT, REF, Parser
from loom.cli.labels import short_id
from loom.cli.options import settings_of
from loom.cli.parser import grammar

_STATUSES = ("pending", "running", "succeeded", "failed", "terminating")
#: A word, and what it is.
Candidate = tuple[str, str]


@dataclass
class _Typed:
    """What stands before the cursor's word. ``awaited`` is the option whose value the cursor's word is."""

    parser: Parser
    options: argparse.Namespace = field(default_factory=lambda: argparse.Namespace(url=None, token=None, context=None))
    awaited: argparse.Action | None = None
    positionals: list[str] = field(default_factory=list)


def candidates(words: Sequence[str]) -> Iterator[Candidate]:
    """What could stand in place of the last of ``words``. Raises LoomError."""
    *before, word = words
    if "--" in before:
        return  # a command of the weaver's own
    typed = _typed(before)
    option, sign, beginning = word.partition("=")
    if sign and word.startswith("--") and not typed.awaited:
        awaited = typed.parser.options().get(option)
        found = _values(typed, awaited) if awaited else ()
        yield from _fitting(beginning, found, f"{option}=")
    elif typed.awaited:
        yield from _fitting(word, _values(typed, typed.awaited))
    elif word.startswith("-"):
        yield from _fitting(word, _options(typed.parser))
    else:
        yield from _fitting(word, _positionals(typed))


def _typed(words: Sequence[str]) -> _Typed:
    typed = _Typed(cast("Parser", grammar()))
    for word in words:
        if typed.awaited:
            setattr(typed.options, typed.awaited.dest, word)
            typed.awaited = None
        elif word.startswith("-"):
            option, sign, value = word.partition("=")
            action = typed.parser.options().get(option)
            if action and action.nargs is None:
                if sign:
                    setattr(typed.options, action.dest, value)
                else:
                    typed.awaited = action
        elif command := typed.parser.commands().get(word):
            typed.parser = command
            typed.positionals = []
        else:
            typed.positionals.append(word)
    return typed


def _positionals(typed: _Typed) -> Iterable[Candidate]:
    if commands := typed.parser.commands():
        return ((name, command.description or "") for name, command in commands.items())
    taken = typed.parser.positionals()
    number = len(typed.positionals)
    awaited = taken[min(number, len(taken) - 1)] if taken else None
    if awaited is None or (number >= len(taken) and awaited.nargs != "+"):
        return ()
    if awaited.metavar == REF:
        return (one for one in _weavers(typed) if one[0] not in typed.positionals)
    return _values(typed, awaited)


def _values(typed: _Typed, action: argparse.Action) -> Iterable[Candidate]:
    if action.choices:
        return ((choice, "") for choice in action.choices)
    if action.metavar == CONTEXT:
        return ((name, "context") for name in settings_of(typed.options).file.contexts)
    return ((status, "") for status in _STATUSES) if action.dest == "status" else ()


def _weavers(typed: _Typed) -> Iterator[Candidate]:
    """Those that are not ending, by name and by short id."""
    from contextlib import nullcontext

    from loom.client.api import Api

    api = Api(settings_of(typed.options).config(), lambda _what: nullcontext())
    for weaver in api.weavers([]):
        told = str(weaver.get("status"))
        if told == "terminating":
            continue
        if weaver.get("name"):
            yield str(weaver["name"]), f"{told} {short_id(weaver)}"
            told += f" {weaver['name']}"
        yield short_id(weaver), told


def _options(parser: Parser) -> Iterator[Candidate]:
    for name, action in parser.options().items():
        if name.startswith("--"):
            yield name, "" if action.help in (None, argparse.SUPPRESS) else str(action.help)


def _fitting(beginning: str, found: Iterable[Candidate], prefix: str = "") -> Iterator[Candidate]:
    return ((prefix + word, text) for word, text in found if word.startswith(beginning))
