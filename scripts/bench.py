"""``make bench``: the budgets of the design, one line each: ``name value budget ok|OVER``; exit 1 when one is OVER.

Values are ratios against a baseline measured in the same run, because machines are shared and noisy. Each line says which
backend it ran on.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Protocol

_RUNS: Final = 15

#: As API Gateway hands it over; nobody has to be reached for the answer, which is 401.
FIRST_REQUEST: Final = """
import app
event = {
    "requestContext": {"httpMethod": "GET", "resourcePath": "/api/weavers", "path": "/api/weavers", "identity": {}},
    "headers": {}, "multiValueQueryStringParameters": None, "pathParameters": None, "stageVariables": None,
    "body": None, "isBase64Encoded": False,
}
assert app.app(event, None)["statusCode"] == 401
"""
#: Python's own clean-up is not part of a cold start: a Lambda is frozen, not ended.
_LEAVE: Final = "import os; os._exit(0)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One budget: ``value`` must not exceed ``budget``; both are ratios."""

    name: str
    value: float
    budget: float
    backend: str

    @property
    def ok(self) -> bool:
        return self.value <= self.budget

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "OVER"
        return f"{self.name} {self.value:.2f}x {self.budget:.2f}x {verdict}  ({self.backend})"


def seconds(command: Sequence[str], env: Mapping[str, str]) -> float:
    """One run of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - started


def ratio(command: Sequence[str], baseline: Sequence[str], env: Mapping[str, str] = os.environ) -> float:
    """The median of the ratios of paired runs, so that a busy moment hits both sides; the first pair warms up.

    Both sides run from bytecode that the first pair left in a folder of its own: compiling is not what is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = {**env, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        pairs = [(seconds(command, env), seconds(baseline, env)) for _ in range(_RUNS + 1)]
    return median(one / other for one, other in pairs[1:])


def imports() -> Iterable[Figure]:
    """Lambda cold start (DESIGN §9): ``app.py`` and its first answer against the libraries it cannot do without."""
    python = sys.executable
    value = ratio((python, "-c", FIRST_REQUEST + _LEAVE), (python, "-c", "import chalice, boto3, pynamodb\n" + _LEAVE))
    yield Figure("lambda-import", value, 1.5, "CPython, no network")


def cli() -> Iterable[Figure]:
    """``loom ps`` (DESIGN §9), and help that waits for nothing."""
    from scripts.bench_cli import against_kubectl

    ps, help_ = against_kubectl(ratio)
    backend = "laptop edition, 12 weavers, whole processes, both over TLS"
    yield Figure("loom-ps", ps, 2.0, f"against kubectl 1.36 get pods; {backend}")
    yield Figure("loom-help", help_, 1.0, f"against loom ps; {backend}")


def podserver() -> Iterable["Line"]:
    """The laptop edition's pod API server, beside a real cluster: no budgets, only figures."""
    from scripts.bench_podserver import readings

    return readings()


class Line(Protocol):
    """What a group yields: a :class:`Figure`, or a reading without a budget."""

    @property
    def ok(self) -> bool: ...


GROUPS: Final[dict[str, Callable[[], Iterable[Line]]]] = {"podserver": podserver, "imports": imports, "cli": cli}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(GROUPS), help="one group")
    only = parser.parse_args().only
    figures = [figure for name, group in GROUPS.items() if only in (None, name) for figure in group()]
    for figure in figures:
        print(figure)
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
