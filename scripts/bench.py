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
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from scripts.bench_relay import Streams
    from scripts.bench_relay.crowd import Crowd
    from scripts.bench_relay.measured import Echo, Pair

_RUNS: Final = 15
#: What a sweep is measured with; the seconds from one to the next, those it has in AWS, and MiB that it may take.
_WEAVERS: Final = 100_000
_TICK: Final = 60.0
_LIMIT: Final = 45.0
_MEMORY: Final = 256.0
#: Partitions of the index of what is due: chalicelib.adapters.dynamodb.table.
_SHARDS: Final = 4

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
    """One budget: ``value`` must not exceed ``budget``, or with ``least`` must reach it; both are ratios, or of ``unit``.

    Without a budget it is only told.
    """

    name: str
    value: float
    budget: float | None
    backend: str
    unit: str = "x"
    least: bool = False

    @property
    def ok(self) -> bool:
        if self.budget is None:
            return True
        return self.value >= self.budget if self.least else self.value <= self.budget

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "OVER"
        budget = "-" if self.budget is None else f"{'>=' if self.least else ''}{self.budget:.2f}{self.unit}"
        return f"{self.name} {self.value:.2f}{self.unit} {budget} {verdict}  ({self.backend})"


def seconds(command: Sequence[str], env: Mapping[str, str]) -> float:
    """One run of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - started


def ratio(command: Sequence[str], baseline: Sequence[str], env: Mapping[str, str] = os.environ) -> float:
    """The median of the ratios of paired runs, so that a busy moment hits both sides; the first pair warms up.

    Both sides run from bytecode that the first pair left in a folder of its own, or that they brought along: compiling is not what
    is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = {**env, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        pairs = [(seconds(command, env), seconds(baseline, env)) for _ in range(_RUNS + 1)]
    return median(one / other for one, other in pairs[1:])


def lambda_() -> Iterable[Figure]:
    """A cold start (DESIGN §9): the packaged ``app.py`` and its first answer against the libraries it cannot do without."""
    from scripts.bench_lambda import isolated, unpacked

    with unpacked() as folders:
        baseline = isolated("import chalice, boto3, pynamodb\n" + _LEAVE, *folders)
        value = ratio(isolated(FIRST_REQUEST + _LEAVE, *folders), baseline, env={})
    yield Figure("lambda-import", value, 1.5, "CPython, the unpacked zip files and nothing else, no network")


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


def sweep(size: int = _WEAVERS) -> Iterable[Figure]:
    """The sweep (DESIGN §9): all that is due in one tick, by calls that grow with what expired and not with the table."""
    from scripts import dynamodb_local
    from scripts.bench_sweep import measured

    if not dynamodb_local.available():
        print(f"sweep is left out: {dynamodb_local.INSTALL}", file=sys.stderr)
        return
    few, many = measured(size // 10), measured(size)
    for told in (few, many):
        of = f"{told.size // 10}-of-{told.size}"
        yield Figure(f"sweep-expire-{of}", told.expire.own.seconds, _TICK, str(told.expire), "s")
        yield Figure(f"sweep-finish-{of}", told.finish.own.seconds, None, str(told.finish), "s")
        yield Figure(
            f"sweep-reconcile-{told.size - told.size // 10}", told.reconcile.own.seconds, None, str(told.reconcile), "s"
        )
    busiest = max(many.expire.own.processor_seconds, many.finish.own.processor_seconds)
    yield Figure("sweep-processor", busiest, _LIMIT, "what a Lambda function does itself, table and cluster apart", "s")
    growth = many.expire.own.calls_a_step / few.expire.own.calls_a_step
    yield Figure("sweep-calls-a-weaver", growth, 1.05, f"against the same among {few.size}")
    yield Figure("sweep-idle-calls", sum(many.idle.own.calls.values()), _SHARDS, "a query a shard", "")
    memory = max(one.own.memory for one in (many.expire, many.finish, many.reconcile))
    yield Figure("sweep-memory", memory, _MEMORY, "its peak, of a whole process", "MiB")


def relay() -> Iterable[Figure]:
    """The relay (DESIGN §9) beside the stream of the same pod without it, beside kubectl, and with thousands of sessions."""
    from scripts.bench_relay import streams
    from scripts.bench_relay.crowd import crowd
    from scripts.bench_relay.like_a_cluster import echo_like_a_cluster

    yield from echo_figures(echo_like_a_cluster())
    yield from stream_figures(streams())
    yield from crowd_figures(crowd())


def stream_figures(told: "Streams") -> Iterable[Figure]:
    """What was measured at a pod."""
    node = "laptop edition's node over TLS, load {:.1f}".format
    yield _echo("relay-echo-p50-laptop", told.echo, None, node(told.load))
    yield _echo("relay-echo-p99-laptop", told.echo_p99, None, node(told.load))
    yield _flood("relay-flood-paced", told.paced, 0.9, f"source paced at 100 MB/s; {node(told.load)}")
    yield _flood("relay-flood-unpaced", told.unpaced, None, node(told.load))
    yield _flood(
        "relay-flood-beside-stuck", told.stuck, 0.9, f"a viewer beside one that takes nothing; {node(told.load)}"
    )
    programs = f"loom attach and kubectl attach, whole programs; {node(told.load)}"
    yield _echo("relay-echo-against-kubectl", told.kubectl_echo, None, programs)
    yield _flood("relay-flood-against-kubectl", told.kubectl_flood, None, programs)
    paint = told.painting
    against = f"kubectl exec POD -- true takes {paint.kubectl * 1000:.0f} ms; {node(told.load)}"
    yield Figure("relay-first-paint", paint.shared_ratio, 1.0, f"{paint.shared * 1000:.0f} ms, {against}")
    yield Figure("relay-first-paint-cold", paint.first_ratio, None, f"{paint.first * 1000:.0f} ms, {against}")


def echo_figures(rounds: Sequence[tuple["Echo", "Echo"]]) -> Iterable[Figure]:
    """What was measured before a stand-in that answers as a cluster does."""
    from scripts.bench_relay.measured import pair

    upstream = "stand-in upstream that takes as long as a real cluster for an echo"
    yield _echo("relay-echo-p50", pair([(one.p50, other.p50) for one, other in rounds]), 1.3, upstream)
    yield _echo("relay-echo-p99", pair([(one.p99, other.p99) for one, other in rounds]), None, upstream)


def crowd_figures(many: "Crowd") -> Iterable[Figure]:
    """What was measured with many sessions."""
    upstream = f"stand-in upstream that echoes, load {many.load:.1f}"
    echo = f"{many.many.p99 * 1000:.1f} ms, one session alone {many.single.p99 * 1000:.1f} ms; {upstream}"
    yield Figure(f"relay-{many.typing}-typing-of-{many.sessions}-p99", many.many.p99 / many.single.p99, 3.0, echo)
    yield Figure("relay-memory-a-session", many.memory / 1024, 1.0, f"of {many.sessions}; {upstream}", "MiB")
    yield Figure("relay-idle-processor", many.idle * 100, None, f"{many.sessions} sessions; {upstream}", "%")


def _echo(name: str, pair: "Pair", budget: float | None, backend: str) -> Figure:
    return Figure(name, pair.ratio, budget, f"{pair.relay * 1000:.2f} ms against {pair.other * 1000:.2f} ms; {backend}")


def _flood(name: str, pair: "Pair", budget: float | None, backend: str) -> Figure:
    return Figure(
        name, pair.ratio, budget, f"{pair.relay:.1f} MB/s against {pair.other:.1f} MB/s; {backend}", least=True
    )


class Line(Protocol):
    """What a group yields: a :class:`Figure`, or a reading without a budget."""

    @property
    def ok(self) -> bool: ...


GROUPS: Final[dict[str, Callable[[], Iterable[Line]]]] = {
    "podserver": podserver,
    "lambda": lambda_,
    "cli": cli,
    "sweep": sweep,
    "relay": relay,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(GROUPS), help="one group")
    parser.add_argument(
        "--weavers", type=int, default=_WEAVERS, help="how many the sweep is measured with, from 100 on; %(default)s"
    )
    arguments = parser.parse_args()
    groups = GROUPS | {"sweep": partial(sweep, arguments.weavers)}
    figures = [figure for name, group in groups.items() if arguments.only in (None, name) for figure in group()]
    for figure in figures:
        print(figure)
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
