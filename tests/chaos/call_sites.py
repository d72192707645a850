"""Where the services call a port: as their code says, and as a scenario does. The first must all be among the second."""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import chalicelib.services
from chalicelib.services.ports import Cluster, ReconciliationStore, WeaverStore
from tests.chaos.crash_points import watched
from tests.chaos.scenarios import SCENARIOS

_FOLDER: Final = Path(chalicelib.services.__path__[0])
_PORTS: Final = (WeaverStore, ReconciliationStore, Cluster)
#: What a port is called where it is used.
_RECEIVERS: Final = frozenset({"store", "cluster"})
#: Methods that dictionaries and sets have as well: these are a port's only upon one of its names.
_COMMON: Final = frozenset({"get", "update"})


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A call in the code of the services."""

    file: str
    first_line: int
    last_line: int
    method: str

    def __str__(self) -> str:
        return f"{self.file}:{self.first_line} {self.method}"


def port_methods() -> set[str]:
    """Every method of a port that the crash points are about."""
    return {name for port in _PORTS for name, _ in inspect.getmembers(port, inspect.isfunction) if name[0] != "_"}


def written_sites() -> set[Site]:
    """From the code."""
    return {site for path in _FOLDER.glob("*.py") for site in sites_in(path.name, path.read_text())}


def sites_in(file: str, source: str) -> Iterator[Site]:
    """Every call in ``source`` that looks like a port's."""
    methods = port_methods()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods:
            method, receiver = node.func.attr, node.func.value
            name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
            if name in _RECEIVERS or method not in _COMMON:
                yield Site(file, node.lineno, node.end_lineno or node.lineno, method)


def met_sites() -> dict[Site, set[str]]:
    """What the scenarios do at each site: ``before`` the call, ``after`` it."""
    met: dict[Site, set[str]] = {site: set() for site in written_sites()}

    def fault(moment: str, _args: tuple[Any, ...]) -> None:
        when, method = moment.split()
        file, line = _caller()
        for site in met:
            if (site.file, site.method) == (file, method) and site.first_line <= line <= site.last_line:
                met[site].add(when)

    for scenario in SCENARIOS:
        watched(scenario, fault)
    return met


def _caller() -> tuple[str, int]:
    """File and line of the service that is calling."""
    frame = sys._getframe()
    while Path(frame.f_code.co_filename).parent != _FOLDER:
        assert frame.f_back, "no service called this"
        frame = frame.f_back
    return Path(frame.f_code.co_filename).name, frame.f_lineno
