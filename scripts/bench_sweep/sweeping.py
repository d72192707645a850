"""``python -m scripts.bench_sweep.sweeping expire|reconcile``: the sweep of a control plane that the environment describes.

Sweeps as often as it takes, and prints what was measured as JSON. It is wired as in AWS, but for a pool that counts.
"""

import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import urllib3

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect
from chalicelib.bootstrap import ControlPlane
from scripts.bench_sweep.measured import Measured, peak_memory


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
    plane.cluster = KubernetesCluster(os.environ["LOOM_NAMESPACE"], lambda: replace(connection, pool=pool))
    return plane


def measured(what: str) -> Measured:
    """``expire``: until nothing is due; ``reconcile``: until records and pods were compared once."""
    calls: Counter[str] = Counter()
    sweep = _control_plane(calls).sweep
    started, busy = time.perf_counter(), time.process_time()
    reports = [sweep(reconcile=what == "reconcile")]
    while reports[-1].more:
        reports.append(sweep(reconcile=what == "reconcile"))
    return Measured(
        seconds=time.perf_counter() - started,
        processor_seconds=time.process_time() - busy,
        memory=peak_memory(),
        calls=dict(calls),
        sweeps=len(reports),
        steps=sum(len(report.steps) for report in reports),
        ended=sum(len(report.ended) for report in reports),
        failed=sum(report.failed_count for report in reports),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(measured(sys.argv[1]))))
