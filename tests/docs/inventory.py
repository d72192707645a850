"""What there is to document, found in the code and not in what the documentation is made from."""

import argparse
import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from app import app
from chalicelib.api.errors import _CHALICE_CODES
from chalicelib.domain.create_request import CreateRequest
from chalicelib.domain.errors import WeaverError
from loom.cli.parser import grammar
from loom.wire.messages import _TYPES, SUBPROTOCOL_V2, ExitReason
from relay.server import Doors
from scripts.docs.pages import ROOT

PARTS = ("chalicelib", "loom", "relay")


def commands(parser: argparse.ArgumentParser | None = None, path: str = "loom") -> Iterator[tuple[str, set[str]]]:
    """Each command, as it is typed, with its options and arguments. Commands that begin with ``_`` are not for people."""
    parser = parser or grammar()
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    yield path, {name for action in shown for name in action.option_strings} - {"-h", "--help"}
    for action in shown:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                if not name.startswith("_"):
                    yield from commands(command, f"{path} {name}")


def settings() -> set[str]:
    """Every LOOM_ name that the code of the parts has, wherever it has it."""
    return {name for path in sources() for name in re.findall(r"LOOM_[A-Z][A-Z_]*", path.read_text())}


def metrics() -> set[str]:
    """Every ``count("…")`` and ``gauge("…")`` of the API, and the relay's names."""
    found: set[str] = set()
    for path in (ROOT / "chalicelib" / "api").glob("*.py"):
        found |= set(re.findall(r'\b(?:count|gauge|single_metric)\(\s*(?:name=)?"(\w+)"', path.read_text()))
    return found | set(re.findall(r'"(loom_relay_\w+)"', (ROOT / "relay" / "metrics.py").read_text()))


def error_codes() -> set[str]:
    """Those of the tree, of the frame around the API, and of every ``Refusal(…, code, …)`` and ``envelope(code, …)``."""
    found = {error.code for error in _subclasses(WeaverError)} | set(_CHALICE_CODES.values())
    for path in sources():
        for call in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id in ("Refusal", "envelope")
            ):
                place = 1 if call.func.id == "Refusal" else 0
                if len(call.args) > place and isinstance(code := call.args[place], ast.Constant):
                    found.add(str(code.value))
    return found


def endpoints() -> set[str]:
    """``METHOD /path`` of the control plane and of the relay; those of the relay that take any method, without one."""
    ours = {
        f"{method} {path.replace('{weaver_id}', '{id}')}" for path, methods in app.routes.items() for method in methods
    }
    no = cast("Any", None)  # what is behind the doors is not asked
    for route in Doors(no, no, no, no, no, no, no, no, ping=no).application().router.routes():
        path = route.resource.canonical if route.resource else ""
        ours |= {path} if route.method == "*" else {f"{route.method} {path}"} if route.method != "HEAD" else set()
    return ours


def create_fields() -> set[str]:
    """The fields of a create's body."""
    return set(CreateRequest.model_fields)


def parameters() -> set[str]:
    """The query parameters, from every ``Query(request, names)``."""
    calls = (call for path in sources() for call in ast.walk(ast.parse(path.read_text())) if isinstance(call, ast.Call))
    queries = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Query")
    return {str(name.value) for call in queries for name in ast.walk(call.args[1]) if isinstance(name, ast.Constant)}


def protocol() -> set[str]:
    """The types of messages, their fields, and the reasons of an exit."""
    fields = {field.name for message in _TYPES for field in dataclasses.fields(message)}
    return {*_TYPES.values(), *fields, *get_args(ExitReason), SUBPROTOCOL_V2}


def sources() -> Iterator[Path]:
    """The code of the parts that are shipped."""
    for part in PARTS:
        yield from (ROOT / part).rglob("*.py")


def _subclasses(kind: type[WeaverError]) -> Iterator[type[WeaverError]]:
    for error in kind.__subclasses__():
        yield error
        yield from _subclasses(error)
