"""The command line's reference, from its grammar."""

import argparse
from collections.abc import Iterator, Mapping

from loom.cli.parser import grammar

Parser = argparse.ArgumentParser


def reference() -> str:
    """Every command with its options, and those that all commands take."""
    parser = grammar()
    shown = _commands(parser)
    sections = [f"## Options of every command\n\n{_options(parser)}\n"]
    for name, command in shown.items():
        nested = _commands(command)
        if nested and nested.keys() <= shown.keys():
            same = ", ".join(f"`loom {name} {each}`" for each in _choices(command))
            sections.append(f"## loom {name}\n\nThe same commands under one name: {same}.\n")
        else:
            sections += _sections(f"loom {name}", command, parser)
    return "\n".join(sections)


def _sections(path: str, parser: Parser, parent: Parser) -> Iterator[str]:
    yield "\n\n".join(part for part in (f"## {path}", *_parts(path, parser, parent)) if part) + "\n"
    for name, nested in _commands(parser).items():
        yield from _sections(f"{path} {name}", nested, parser)


def _parts(path: str, parser: Parser, parent: Parser) -> Iterator[str]:
    if parser.description:
        yield f"{parser.description[:1].upper()}{parser.description[1:]}."
    if aliases := _aliases(path, parser, parent):
        yield f"Also: {aliases}."
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    yield f"```text\n{usage}\n```"
    yield _options(parser)
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip() % {'prog': parser.prog}}\n```"


def _options(parser: Parser) -> str:
    rows = [_row(action) for action in _actions(parser) if action.help != argparse.SUPPRESS]
    rows = [row for row in rows if row]
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def _row(action: argparse.Action) -> str:
    if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):  # noqa: SLF001  # argparse has no public names for them
        return ""
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    names = ", ".join(f"`{name}{value}`" for name in action.option_strings) or f"`{value.strip()}`"
    text = (action.help or "").replace("%%", "%").replace("|", "\\|").replace("<", "&lt;")
    return f"| {names} | {text} |"


def _actions(parser: Parser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001  # argparse offers no other way to look at a grammar


def _commands(parser: Parser) -> Mapping[str, Parser]:
    """The commands that help shows, without their aliases."""
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # as above
            shown = [choice.dest for choice in action._choices_actions]  # noqa: SLF001  # as above
            return {name: action.choices[name] for name in shown}
    return {}


def _choices(parser: Parser) -> Mapping[str, Parser]:
    """All commands, by all their names."""
    return next(action.choices for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001  # as above


def _aliases(path: str, parser: Parser, parent: Parser) -> str:
    """Other names of the command."""
    group, _, name = path.rpartition(" ")
    others = [other for other, same in _choices(parent).items() if same is parser and other != name]
    return ", ".join(f"`{group} {other}`" for other in others)
