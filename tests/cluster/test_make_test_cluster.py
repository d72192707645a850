"""``make test-cluster`` itself, against the pod API server behind TLS and a credential plugin: the main flows, kept short."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import IMAGE, NAMESPACE, Cluster, write_plugin
from tests.cluster.test_up import pods
from tests.processes import part
from tests.waiting import DEADLINE

pytestmark = pytest.mark.xdist_group("cluster")

ROOT = Path(__file__).parent.parent.parent
#: Together they go through everything that a cluster does for us; the second list is of what is different without ``loom``.
FLOWS = "new_clones or two_terminals or resize or delete_ends or leaving or ends_at_once or cannot_be_cloned"
FLOWS_WITHOUT_LOOM = "new_clones or leaving or cannot_be_cloned"


def make(*variables: str) -> "subprocess.CompletedProcess[str]":
    """``-o``: whoever runs this test has installed what there is to install."""
    words = ["make", "-o", ".venv/.ready", f"BIN={Path(sys.executable).parent}", "test-cluster", *variables]
    inherited = ("KUBECONFIG", "MAKE", "MFLAGS", "PYTEST_")  # of the make and the pytest that run this test
    env = {name: value for name, value in os.environ.items() if not name.startswith(inherited)}
    return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=4 * DEADLINE, check=False)


def test_it_says_what_it_wants_to_know():
    done = make("KUBECONFIG=x")
    assert done.returncode == 2
    assert "make test-cluster KUBECONFIG=… LOOM_TEST_IMAGE=… LOOM_TEST_REPO_URL=…" in done.stderr


@pytest.mark.parametrize(
    ("image", "told", "flows"),
    [(IMAGE, f"{IMAGE}, with loom", FLOWS), ("debian:13", "debian:13, without loom", FLOWS_WITHOUT_LOOM)],
    ids=["loom", "no loom"],
)
def test_the_flows_run_and_leave_nothing_behind(cluster: Cluster, tmp_path: Path, image: str, told: str, flows: str):
    (tmp_path / "token").write_text("right")
    write_plugin(tmp_path / "plugin", tmp_path / "token")
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin"}}
    path = cluster.kubeconfig(tmp_path / "kubeconfig", user)
    with part("local.repository", str(tmp_path / "repositories")) as git:
        done = make(
            f"KUBECONFIG={path}", f"LOOM_NAMESPACE={NAMESPACE}", f"LOOM_TEST_IMAGE={image}",
            f"LOOM_TEST_REPO_URL={git}/hello.git", f"WEAVERS_TEST_DEADLINE={DEADLINE}",
            f"ARGS=-q -p no:cacheprovider -k '{flows}'",
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{told}, in the namespace {NAMESPACE}" in done.stdout
    if image != IMAGE:
        assert "test_leaving_keeps_the_weaver_and_its_files[exit]: debian:13 has no loom" in done.stdout
    assert pods(cluster) == set()
