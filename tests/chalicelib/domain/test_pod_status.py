"""What people are told, for every recorded answer of a real Kubernetes, and for what the recordings do not show."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.pod_status import CLONE_FAILED, STAGES, PodStatus, pod_status

RECORDINGS = Path(__file__).parents[2] / "recordings" / "kubernetes" / "pods"

#: scenario -> status, reason, part of the message, stages (first letters of scheduled, pulled, cloned, ready), exit code.
EXPECTED: dict[str, tuple[str, str | None, str | None, str, int | None]] = {
    # Nothing has happened yet, or no node takes it: what it waits for is a node.
    "pending-just-created": ("pending", "Scheduling", "waiting for a node", "", None),
    "scheduling-gated": ("pending", "SchedulingGated", "Scheduling is blocked", "", None),
    "unschedulable-cpu": ("pending", "Unschedulable", "1 Insufficient cpu", "", None),
    "unschedulable-node-selector": ("pending", "Unschedulable", "didn't match Pod's node affinity", "", None),
    "pending-nominated-by-preemption": ("pending", "Unschedulable", "1 Insufficient memory", "", None),
    # The kubelet's deadline counts from the start on a node: without one it never passes.
    "unschedulable-past-its-active-deadline": ("pending", "Unschedulable", "didn't match", "", None),
    # On a node, nothing pulled yet.
    "scheduled-no-container-status": ("pending", "ContainerCreating", "being created", "s", None),
    "scheduled-container-creating": ("pending", "ContainerCreating", "being created", "s", None),
    "scheduled-pod-initializing": ("pending", "ContainerCreating", "being created", "s", None),
    # The pod itself says nothing of volumes and sandboxes: only the events do, and the newest has the true cause.
    "pending-volume-missing-configmap": ("pending", "FailedMount", 'configmap "missing" not found', "s", None),
    "pending-sandbox-fails": ("pending", "FailedCreatePodSandBox", "Failed to create pod sandbox", "s", None),
    # Images. A registry may come back, so a failing pull is waiting; a name that is none, or "never pull", is not.
    "err-image-pull": ("pending", "ErrImagePull", "missing.invalid: no such host|lookup missing.invalid", "s", None),
    "image-pull-back-off": ("pending", "ImagePullBackOff", "Back-off pulling image", "s", None),
    "image-pull-back-off-after-a-minute": ("pending", "ErrImagePull", "lookup missing.invalid", "s", None),
    "init-image-pull-back-off": ("pending", "ImagePullBackOff", "missing.invalid/clone:1", "s", None),
    "invalid-image-name": ("failed", "InvalidImageName", "couldn't parse image name", "s", None),
    "err-image-never-pull": ("failed", "ErrImageNeverPull", "pull policy of Never", "s", None),
    # The image is there; the container cannot be made of it. Secrets may still appear.
    "create-container-config-error": ("pending", "CreateContainerConfigError", 'secret "missing" not found', "sp", None),
    "create-container-config-error-missing-key": ("pending", "CreateContainerConfigError", "couldn't find key k", "sp", None),
    "create-container-config-error-run-as-root": ("pending", "CreateContainerConfigError", "runAsNonRoot", "sp", None),
    "run-container-error": ("pending", "RunContainerError", "runc create failed", "sp", None),
    "start-error": ("failed", "StartError", "executable file not found", "sp", 128),
    "start-error-permission-denied": ("failed", "StartError", "permission denied", "sp", 128),
    # The repository. "Pulled" is the clone image's; a clone that failed is no stage reached.
    "init-running": ("pending", "Cloning", "clone is running", "sp", None),
    "init-just-succeeded-main-waiting": ("pending", "ContainerCreating", "being created", "spc", None),
    "init-succeeded": ("running", None, None, "spcr", None),
    "init-failed-exit-128": ("failed", "InitContainerFailed", "code 128: fatal: unable to access", "sp", None),
    "init-failed-exit-128-repository-not-found": ("failed", "InitContainerFailed", "128: fatal: repository 'https://github.com/o/r/' not found", "sp", None),
    "init-failed-no-message": ("failed", "InitContainerFailed", "clone exited with code 128", "sp", None),
    "deadline-exceeded-in-init": ("failed", "DeadlineExceeded", "longer than the specified deadline", "sp", None),
    # Running.
    "running-no-probe": ("running", None, None, "spr", None),
    "running-ready": ("running", None, None, "spr", None),
    "with-managed-fields": ("running", None, None, "spr", None),
    "running-with-missing-cluster-dns-warning": ("running", None, None, "spr", None),
    "running-not-ready": ("running", "NotReady", "Readiness probe failed", "spr", None),
    # Made by hand on a node that is only an object: no Pulled event. Ready is False though no probe could have failed.
    "node-lost-not-ready": ("running", "NodeNotReady", "node does not answer", "sr", None),
    # Ended by itself.
    "succeeded-exit-0": ("succeeded", "Completed", "main process that keeps running", "spr", 0),
    "failed-exit-3": ("failed", "Error", "exit code 3", "spr", 3),
    "failed-exit-3-with-message": ("failed", "Error", "exit code 3: failing", "spr", 3),
    "failed-sigkill-137": ("failed", "Error", "exit code 137", "spr", 137),
    "oom-killed": ("failed", "OOMKilled", "memory limit", "spr", 137),
    "oom-killed-child-only": ("failed", "OOMKilled", "memory limit was exceeded (exit code 5)", "spr", 5),
    # Ended by Kubernetes: the pod's own reason, not the container's 137, says why.
    "deadline-exceeded": ("failed", "DeadlineExceeded", "longer than the specified deadline", "spr", 137),
    "deadline-exceeded-while-pulling": ("failed", "DeadlineExceeded", "longer than", "s", 137),
    "evicted-emptydir": ("failed", "Evicted", 'EmptyDir volume "workspace" exceeds the limit', "spr", 137),
    "evicted-ephemeral-storage": ("failed", "Evicted", "ephemeral local storage usage", "spr", 137),
    "evicted-ephemeral-storage-writable-layer": ("failed", "Evicted", "ephemeral local storage usage", "spr", 137),
    "evicted-first-status": ("failed", "Evicted", "ephemeral local storage usage", "spr", 137),
    # These two lost the time their container started: null, and "waiting" although the phase is Failed.
    "evicted-emptydir-ignoring-sigterm": ("failed", "Evicted", 'volume "workspace"', "sp", 137),
    "evicted-emptydir-interim-container-waiting": ("failed", "Evicted", 'volume "workspace"', "sp", None),
    "rejected-by-kubelet-out-of-cpu": ("failed", "OutOfcpu", "didn't have enough resource: cpu", "", None),
    # Crash loops need a restartPolicy that weavers do not have; still nothing false is said.
    "crash-loop-back-off": ("pending", "CrashLoopBackOff", "back-off 10s restarting", "sp", None),
    "crash-loop-back-off-command-not-found": ("pending", "CrashLoopBackOff", "back-off 10s restarting", "sp", None),
    "crash-loop-terminated-between-restarts": ("pending", "Error", "ended with exit code 1", "spr", 1),
    # On the way out, whatever the phase; with a reason where Kubernetes and not somebody's DELETE began it.
    "terminating": ("terminating", None, None, "spr", None),
    "terminating-with-killing-event": ("terminating", None, None, "spr", None),
    "terminating-container-ended": ("terminating", None, None, "spr", 137),
    "terminating-exited-0-on-sigterm": ("terminating", None, None, "spr", 0),
    "terminating-held-by-finalizer": ("terminating", None, None, "spr", 0),
    "terminating-evicted-by-api": ("terminating", "EvictionByEvictionAPI", "evicting", "spr", None),
    "terminating-preempted": ("terminating", "PreemptionByScheduler", "higher priority pod", "spr", None),
    "node-lost-terminating-by-taint-manager": ("terminating", "DeletionByTaintManager", "NoExecute taint", "sr", None),
    "node-gone-failed-by-pod-gc": ("terminating", "DeletionByPodGC", "node no longer exists", "sr", None),
}  # fmt: skip


def recorded(scenario: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Pod and events."""
    recording = json.loads((RECORDINGS / f"{scenario}.json").read_text())
    return recording["pod"], recording["events"]["items"]


def test_every_recording_is_expected_to_mean_something():
    assert set(EXPECTED) == {path.stem for path in RECORDINGS.glob("*.json")}


@pytest.mark.parametrize("scenario", EXPECTED)
def test_what_people_are_told(scenario):
    status, reason, told, stages, exit_code = EXPECTED[scenario]
    seen = pod_status(*recorded(scenario))
    assert (seen.status, seen.reason, seen.exit_code) == (status, reason, exit_code)
    assert "".join(stage[0] for stage in seen.stages) == stages
    if told is None:
        assert seen.message is None
    else:
        assert any(part in (seen.message or "") for part in told.split("|")), seen.message


@pytest.mark.parametrize("scenario", EXPECTED)
def test_it_is_always_one_line_with_moments_that_make_sense(scenario):
    pod, events = recorded(scenario)
    seen = pod_status(pod, events)
    assert list(seen.stages) == [stage for stage in STAGES if stage in seen.stages]
    assert seen.message is None or (seen.message.isprintable() and 0 < len(seen.message) <= 500)
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
    assert all(moment.tzinfo and moment >= created for moment in seen.stages.values())
    assert sorted(seen.stages.values()) == list(seen.stages.values())


@pytest.mark.parametrize("scenario", EXPECTED)
def test_the_order_of_events_does_not_matter(scenario):
    pod, events = recorded(scenario)
    assert pod_status(pod, events[::-1]) == pod_status(pod, events)


@pytest.mark.parametrize("scenario", EXPECTED)
def test_without_events_something_true_is_still_said(scenario):
    pod, events = recorded(scenario)
    seen, full = pod_status(pod), pod_status(pod, events)
    assert (seen.status, seen.exit_code) == (full.status, full.exit_code)
    assert seen.reason in (full.reason, "ContainerCreating")


def test_the_moments_of_the_stages():
    assert pod_status(*recorded("init-succeeded")).stages == {
        "scheduled": datetime(2026, 11, 22, 11, 28, 20, tzinfo=UTC),
        "pulled": datetime(2026, 11, 22, 11, 28, 21, tzinfo=UTC),
        "cloned": datetime(2026, 11, 22, 11, 28, 28, tzinfo=UTC),
        "ready": datetime(2026, 11, 22, 11, 28, 29, tzinfo=UTC),
    }


def with_clone_message(message: str) -> dict[str, Any]:
    pod = deepcopy(recorded("init-succeeded")[0])
    pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] = message
    return pod


def test_a_failed_clone_leaves_the_weaver_running_and_says_why():
    told = f"{CLONE_FAILED} 128\nwarning: x\nfatal: Remote branch nope not found in upstream origin\n"
    seen = pod_status(with_clone_message(told))
    assert (seen.status, seen.reason) == ("running", "CloneFailed")
    assert seen.message == "fatal: Remote branch nope not found in upstream origin"
    assert "cloned" not in seen.stages
    assert "ready" in seen.stages


def test_a_clone_that_came_through_needs_no_word():
    seen = pod_status(with_clone_message("cloned\n"))
    assert (seen.reason, seen.message) == (None, None)
    assert "cloned" in seen.stages


def event(reason: str, message: str, at: str, kind: str = "Normal") -> dict[str, Any]:
    return {"metadata": {}, "type": kind, "reason": reason, "message": message, "lastTimestamp": at}


def test_a_pull_on_its_way_is_told():
    pod, events = recorded("scheduled-container-creating")
    pulling = event("Pulling", 'Pulling image "big:1"', "2099-01-01T00:00:00Z")
    seen = pod_status(pod, [*events, pulling])
    assert (seen.status, seen.reason, seen.message) == ("pending", "Pulling", 'Pulling image "big:1"')
    pulled = event("Pulled", "Successfully pulled", "2099-01-01T00:00:01Z")
    assert pod_status(pod, [*events, pulling, pulled]).reason == "ContainerCreating"


def test_what_was_in_the_way_before_it_was_scheduled_is_over():
    pod, events = recorded("scheduled-container-creating")
    before = event("FailedScheduling", "0/1 nodes are available", "2000-01-01T00:00:00Z", "Warning")
    assert pod_status(pod, [before, *events]).reason == "ContainerCreating"


def test_events_of_others_with_half_their_fields_do_no_harm():
    pod, events = recorded("scheduled-container-creating")
    strange: list[dict[str, Any]] = [
        {"metadata": {"creationTimestamp": "2099-01-01T00:00:00Z"}},
        {"metadata": {}, "reason": None, "type": None, "message": None, "lastTimestamp": None},
        {"metadata": {}, "reason": "FailedMount", "type": "Warning", "lastTimestamp": "2099-01-01T00:00:00Z"},
    ]
    seen = pod_status(pod, [*events, *strange])
    assert (seen.status, seen.reason, seen.message) == ("pending", "FailedMount", None)


def test_a_running_sidecar_does_not_hide_what_the_weaver_waits_for():
    pod, events = recorded("image-pull-back-off")
    running = {"name": "a-proxy", "ready": True, "state": {"running": {"startedAt": "2026-11-22T11:28:58Z"}}}
    pod["status"]["containerStatuses"].insert(0, running)
    assert pod_status(pod, events).reason == "ImagePullBackOff"


@given(st.text())
def test_nothing_a_weaver_writes_can_steer_a_terminal(text):
    pod, _ = recorded("failed-exit-3-with-message")
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = text
    seen = pod_status(pod)
    assert seen.message
    assert seen.message.isprintable()
    assert len(seen.message) <= 500


def test_a_pod_that_says_nothing_at_all_is_pending():
    assert pod_status({"metadata": {}}) == PodStatus("pending", "Scheduling", "waiting for a node")
