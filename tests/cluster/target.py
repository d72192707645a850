"""The cluster that ``make test-cluster`` names: is it usable, what its image can do, and what must be gone from it at the end."""

import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.connection import connect
from chalicelib.domain.errors import WeaverError
from chalicelib.domain.ids import new_weaver_id
from chalicelib.domain.kubeconfig import KubeconfigError
from chalicelib.domain.pod_spec import PodRequest, weaver_pod
from chalicelib.domain.pod_status import CLONE_FAILED, Pod, pod_status
from chalicelib.domain.weaver import Weaver
from local import cluster
from tests.waiting import until

#: Waiting for them to end by themselves is waiting for nothing.
_HOPELESS: Final = ("CreateContainerConfigError", "ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName")
#: Ends with 0 in an image with ``loom``, with 1 in one without; with 3 where bash or git is missing.
_ASK: Final = "command -v bash && command -v git || exit 3; command -v loom || exit 1"


@dataclass(frozen=True)
class Target:
    """``named`` is the kubeconfig as it was given; ``state`` the folder of the edition that the tests run."""

    named: str
    namespace: str
    image: str
    repo: str
    state: Path
    has_loom: bool = False
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self) -> Sequence[str]:
        """For ``python -m local up``."""
        return ("--kubeconfig", self.named, "--namespace", self.namespace)

    def environment(self) -> dict[str, str]:
        """For ``python -m local up``."""
        return {"LOOM_WEAVER_IMAGE": self.image, "LOOM_CLONE_IMAGE": self.image}

    def clean(self) -> None:
        """Deletes what is left of these tests in the cluster; returns when it is gone. Raises UsageError when that cannot be."""
        try:
            used = cluster.use(self.named, self.namespace, self.state)
            cluster.delete_pods(used)
            until(lambda: not cluster.pods(used))
        except (WeaverError, AssertionError) as error:
            owner = f"developer-{(self.state / 'mark').read_text()}"
            command = f"kubectl delete pods --namespace {self.namespace} --selector loom.dev/owner-user-id={owner}"
            raise pytest.UsageError(
                f"weavers may be left in the cluster: {error}; delete them with: {command}"
            ) from error

    def remove_state(self, *, keep_logs: bool) -> None:
        """No secret stays on this machine."""
        for path in self.state.iterdir():
            if path.is_file():
                path.unlink()
        if not keep_logs:
            shutil.rmtree(self.state)


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("cluster", "end-to-end tests against a cluster (make test-cluster)")
    group.addoption("--cluster-kubeconfig", default="", help="run against this cluster, not in a node of our own")
    group.addoption("--cluster-namespace", default="", help="where its weavers are (default loom-weavers)")
    group.addoption("--cluster-image", default="", help="an image with bash and git")
    group.addoption("--cluster-repo", default="", help="a repository that the cluster can clone")
    group.addoption("--cluster-image-has-loom", default="", help="yes or no; without it a weaver is asked")


def target_of(config: pytest.Config) -> Target | None:
    """The cluster to test, found usable; None for our own node. Raises UsageError."""
    named = config.getoption("cluster_kubeconfig", "")
    if not named:
        return None
    image, repo = config.getoption("cluster_image"), config.getoption("cluster_repo")
    if not image or not repo:
        raise pytest.UsageError(
            "name an image with bash and git, and a repository: LOOM_TEST_IMAGE=… LOOM_TEST_REPO_URL=…"
        )
    namespace = config.getoption("cluster_namespace") or "loom-weavers"
    target = Target(named, namespace, image, repo, Path(tempfile.mkdtemp(prefix="weavers-cluster-")))
    try:
        said = config.getoption("cluster_image_has_loom")
        found = _probe(target)
        return Target(named, namespace, image, repo, target.state, has_loom=said == "yes" if said else found)
    except (WeaverError, KubeconfigError) as error:
        target.remove_state(keep_logs=False)
        raise pytest.UsageError(str(error)) from error


def _probe(target: Target) -> bool:
    """Whether the image has ``loom``. Also pulls it, so that no test waits for that. Raises UsageError, WeaverError, KubeconfigError."""
    used = cluster.use(target.named, target.namespace, target.state)
    kubernetes = KubernetesCluster(used.namespace, lambda: connect(used.kubeconfig))
    weaver = _weaver(used.user("developer"), target)
    request = PodRequest(target.image, "http://127.0.0.1:9", command=["sh", "-c", _ASK])
    print(f"asking {target.image} in {used.namespace} of {used.server} what it has", file=sys.stderr)
    kubernetes.create_pod(weaver_pod(weaver, request))
    try:
        ended = pod_status(_ended(kubernetes, weaver))
        if ended.exit_code not in (0, 1):
            raise pytest.UsageError(f"{target.image} has no bash, or no git: {ended.message}")
        return ended.exit_code == 0
    finally:
        kubernetes.delete_pod(weaver.pod_name)


def _weaver(owner: str, target: Target) -> Weaver:
    now = datetime.now(UTC)
    return Weaver(
        id=new_weaver_id(now, secrets.token_bytes(10)), owner_user_id=owner, org_id="test-cluster", image=target.image,
        created_at=now, lifetime_hours=1, expires_at=now + timedelta(hours=1), repo=target.repo,
    )  # fmt: skip


def _ended(kubernetes: KubernetesCluster, weaver: Weaver) -> Pod:
    """The probe's pod once it is over. Raises UsageError when it cannot run, or the repository cannot be cloned."""
    seen: list[Pod] = []

    def is_over() -> bool:
        pod = kubernetes.get_pod(weaver.pod_name)
        if pod is None:
            raise pytest.UsageError(f"somebody deleted the pod {weaver.pod_name}")
        seen.append(pod)
        told = pod_status(pod, kubernetes.pod_events(pod))
        if told.reason in _HOPELESS:
            raise pytest.UsageError(f"{weaver.image} does not run: {told.reason}: {told.message}")
        return told.status in ("succeeded", "failed")

    try:
        until(is_over)
    except AssertionError as error:
        told = pod_status(seen[-1], kubernetes.pod_events(seen[-1]))
        raise pytest.UsageError(f"{weaver.image} did not run in time: {told.reason}: {told.message}") from error
    _require_clone(seen[-1], weaver.repo)
    return seen[-1]


def _require_clone(pod: Pod, repo: str | None) -> None:
    for container in pod["status"].get("initContainerStatuses", ()):
        ended: dict[str, Any] = container["state"].get("terminated") or {}
        message = ended.get("message", "")
        if message.startswith(CLONE_FAILED) or ended.get("exitCode"):
            raise pytest.UsageError(f"{repo} cannot be cloned in the cluster with the git of its image: {message}")


def leave_out(config: pytest.Config, items: list[pytest.Item], target: Target) -> None:
    """Deselects what this cluster or image cannot do; :func:`tell` lists it."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        reason = _why_not(item, target)
        if reason:
            target.left_out.append((item.nodeid, reason))
        (left_out if reason else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def _why_not(item: pytest.Item, target: Target) -> str | None:
    laptop = item.get_closest_marker("laptop")
    if laptop:
        return str(laptop.args[0])
    if item.get_closest_marker("loom_session") and not target.has_loom:
        return f"{target.image} has no loom"
    return None


def tell(reporter: pytest.TerminalReporter, target: Target) -> None:
    """What was tested, and what could not be."""
    reporter.section("cluster")
    loom = "with" if target.has_loom else "without"
    reporter.write_line(f"{target.image}, {loom} loom, in the namespace {target.namespace}")
    reporter.write_line(f"{len(target.left_out)} tests cannot run there:")
    for name, reason in target.left_out:
        reporter.write_line(f"  {name}: {reason}")
    if target.state.exists():
        reporter.write_line(f"the parts' logs are in {target.state / 'logs'}")
