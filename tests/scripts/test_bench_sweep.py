"""The measurement of the sweep, small: what is counted, over sockets and with the control plane's own wiring."""

import pytest

from scripts.bench_sweep import measured


@pytest.mark.needs_dynamodb_local
def test_a_population_is_swept_and_its_calls_are_counted():
    found = measured(40)
    tick = {"Query": 4, "TransactWriteItems": 4, "DELETE pods": 4}
    assert (found.expire.own.calls, found.finish.own.calls, found.idle.own.calls) == (tick, tick, {"Query": 4})
    assert found.reconcile.own.calls["GET pods"] == 1
    assert found.expire.own.calls_a_step == 3
    assert 0 < found.expire.own.memory < 1000
    assert str(found.idle).startswith("0 steps; processor ")
