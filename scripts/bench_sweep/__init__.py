"""How long the sweep takes, and what it asks for: on DynamoDB Local with pods as stored objects, each a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from chalicelib.adapters.dynamodb.table import table
from local.edition import NAMESPACE
from scripts.bench_sweep import records
from scripts.bench_sweep.measured import Measured, processor_seconds
from scripts.bench_sweep.population import Population
from tests.dynamodb_local import LONG_LIVED, dynamodb_local
from tests.processes import part

_TABLE: Final = "weavers"
_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Sweep:
    """One of them, and the processor seconds that the table's and the pods' server took for it."""

    own: Measured
    table: float
    pods: float

    def __str__(self) -> str:
        """In a line, all that there is to know beside the seconds."""
        own = self.own
        calls = ", ".join(f"{count} {call}" for call, count in sorted(own.calls.items()))
        processor = f"{own.processor_seconds:.1f} s sweep, {self.table:.1f} s table, {self.pods:.1f} s pods"
        failed = f", {own.failed} FAILED" if own.failed else ""
        return f"{own.steps} steps{failed}; processor {processor}; {own.memory:.0f} MiB; {calls}"


@dataclass(frozen=True, slots=True)
class Sweeps:
    """What followed one after the other: the tick at which a tenth of ``size`` weavers has expired, the next one when their
    pods are gone, one with nothing to do, and a comparison of all records with all pods."""

    size: int
    expire: Sweep
    finish: Sweep
    idle: Sweep
    reconcile: Sweep


def measured(size: int) -> Sweeps:
    """Of ``size`` weavers. Raises RuntimeError when the sweeps did not do what there was to do."""
    population = Population(size, size // 10, datetime.now(UTC))
    with _deployment(population) as env:
        expire, finish, idle = (_sweep("expire", env) for _ in range(3))
        found = Sweeps(size, expire, finish, idle, reconcile=_sweep("reconcile", env))
    done = [expire.own.steps, finish.own.ended, idle.own.steps, found.reconcile.own.steps]
    if done != [population.expired, population.expired, 0, 0]:
        raise RuntimeError(f"the sweeps did something else: {done}")
    return found


def _sweep(what: str, env: Mapping[str, str]) -> Sweep:
    servers = (str(urlsplit(env["AWS_ENDPOINT_URL_DYNAMODB"]).port), env["LOOM_KUBECONFIG"])
    before = [processor_seconds(word) for word in servers]
    command = [sys.executable, "-m", "scripts.bench_sweep.sweeping", what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=env)
    taken = (processor_seconds(word) - seconds for word, seconds in zip(servers, before, strict=True))
    return Sweep(Measured(**json.loads(done.stdout)), *taken)


@contextmanager
def _deployment(population: Population) -> Iterator[Mapping[str, str]]:
    """Table and cluster with the population in them; yields the environment of a control plane."""
    with tempfile.TemporaryDirectory(prefix="weavers-bench-") as folder, dynamodb_local(LONG_LIVED) as database:
        kubeconfig = Path(folder, "kubeconfig")
        shape = (str(population.size), str(population.expired), population.now.isoformat())
        os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        with part("scripts.bench_sweep.pods", *shape, str(kubeconfig), _TABLE):
            records.store(table(_TABLE, region=_REGION, endpoint=database), population)
            yield {
                **os.environ,
                "AWS_REGION": _REGION,
                "AWS_ENDPOINT_URL_DYNAMODB": database,
                "LOOM_TABLE": _TABLE,
                "LOOM_KUBECONFIG": str(kubeconfig),
                "LOOM_NAMESPACE": NAMESPACE,
            }
