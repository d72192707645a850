"""``python -m scripts.bench_sweep.sweeping expire|reconcile``: the sweep of a control plane that the environment describes.

Sweeps once, with all the time it takes, and prints what was measured as JSON. It is wired as in AWS, but for a pool that counts.
"""

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import urllib3

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect
from chalicelib.bootstrap import ControlPlane
from chalicelib.services.clusters import Clusters
from scripts.bench_sweep.measured import Measured, peak_memory

#: A table and a cluster that share two cores with the sweep may take longer than the 45 s that it has in AWS.
_LIMIT: Final = timedelta(minutes=30)


class _Counting:
    """A connection pool that counts what it is asked for."""

    def __init__(self, pool: urllib3.PoolManager, calls: Counter[str]) -> None:
        self._pool, self._calls = pool, calls

    def request(self, method: str, url: str, **request: Any) -> urllib3.BaseHTTPResponse:
        self._calls[f"{method} pods"] += 1
        return self._pool.request(method, url, **request)


def _control_plane(calls: Counter[str]) -> ControlPlane:
    plane = ControlPlane(os.environ)
    events = plane.table.connection.client.meta.events
    events.register("before-send.dynamodb", lambda event_name, **_: calls.update([event_name.rpartition(".")[2]]))
    connection = connect(Path(os.environ["LOOM_KUBECONFIG"]))
    pool: Any = _Counting(connection.pool, calls)
    cluster = KubernetesCluster(os.environ["LOOM_NAMESPACE"], lambda: replace(connection, pool=pool))
    plane.clusters = Clusters({"default": cluster})
    return plane


def measured(what: str) -> Measured:
    """``expire``: all that is due; ``reconcile``: that, and all records and pods are compared."""
    calls: Counter[str] = Counter()
    sweep = _control_plane(calls).sweep
    started, busy = time.perf_counter(), time.process_time()
    report = sweep(reconcile=what == "reconcile", time_limit=_LIMIT)
    return Measured(
        seconds=time.perf_counter() - started,
        processor_seconds=time.process_time() - busy,
        memory=peak_memory(),
        calls=dict(calls),
        steps=len(report.steps),
        ended=len(report.ended),
        failed=report.failed_count,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measured(sys.argv[1]))))
