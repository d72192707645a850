"""SnapStart: Lambda takes a snapshot of the process after its imports, and resumes it many times, elsewhere and later."""

import json
import subprocess
from pathlib import Path

import pytest

from scripts.bench_lambda import isolated
from tests.package.events import request
from tests.package.functions import Package, running

pytestmark = pytest.mark.xdist_group("package")

#: Tells what ``{code}`` does that a snapshot must not hold: randomness, connections, threads.
WATCHED = """
import json, os, sys, threading
seen, draw = [], os.urandom
def drawn(size):
    seen.append("os.urandom")
    return draw(size)
os.urandom = drawn
events = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"}
sys.addaudithook(lambda event, _: seen.append(event) if event in events else None)
%s
print(json.dumps([seen, threading.active_count()]))
"""
#: Lambda's ``snapshot_restore_py``, and a handler that restores.
HOOKS = """
import random
hooks = []
def register_after_restore(hook, *args, **kwargs):
    hooks.append(hook)
def restore(event, context):
    from chalicelib.bootstrap import control_plane
    before, state = control_plane(), random.getstate()
    for hook in hooks:
        hook()
    return {"hooks": len(hooks), "anew": control_plane() is not before, "seeded": random.getstate() != state}
"""


def _watch(packaged: Package, code: str) -> tuple[list[str], int]:
    command = isolated(WATCHED % code, packaged.task, packaged.layer)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"AWS_REGION": "us-east-1"})
    seen, threads = json.loads(done.stdout.splitlines()[-1])
    return seen, threads


def test_importing_opens_no_connection_draws_no_random_number_and_starts_no_thread(packaged: Package):
    assert _watch(packaged, "import app") == ([], 1)


def test_each_of_these_would_be_seen(packaged: Package):
    code = """
import socket, uuid
uuid.uuid4()
socket.socket().connect_ex(("127.0.0.1", 1))
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
    assert _watch(packaged, code) == (["os.urandom", "socket.connect"], 2)


def test_a_restored_function_begins_anew_and_answers(packaged: Package, settings: dict[str, str], tmp_path: Path):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "snapshot_restore_py.py").write_text(HOOKS)
    healthy = request("GET", "/health")
    with running(packaged, settings, tmp_path / "log", runtime) as function:
        assert function.ask(packaged.handler("APIHandler"), healthy).status == 200
        restored = function.invoke("snapshot_restore_py.restore", None)
        assert restored == {"hooks": 1, "anew": True, "seeded": True}
        assert function.ask(packaged.handler("APIHandler"), healthy).status == 200
