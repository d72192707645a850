"""What a pod's status and events say, compared with what Kubernetes recorded; and that the control plane understands it."""

import json
from pathlib import Path

import pytest

from chalicelib.domain.pod_status import pod_status
from local.kube.objects import Object
from tests.local.kube.node.conftest import LOOM_IMAGE, container, pod, shell

RECORDINGS = Path(__file__).parents[3] / "recordings" / "kubernetes" / "pods"
#: Differs from pod to pod, or is not this node's.
_OWN = {"lastTransitionTime", "startedAt", "finishedAt", "containerID", "imageID", "startTime", "hostIP", "podIP", "ip"}
_OWN |= {"image", "message", "allocatedResources", "resources"}


def shape(value: object) -> object:
    """A status without what is a pod's own."""
    if isinstance(value, dict):
        return {key: "…" if key in _OWN else shape(item) for key, item in value.items() if key != "observedGeneration"}
    return [shape(item) for item in value] if isinstance(value, list) else value


def recorded(name: str) -> tuple[object, list[tuple[str, str]]]:
    """The shape of a recorded status, and type and reason of the events."""
    found = json.loads((RECORDINGS / f"{name}.json").read_text())
    status = found["pod"]["status"]
    status.pop("allocatedResources", None)  # pod-level resources: nobody here reads them
    status.pop("resources", None)
    return shape(status), [(event["type"], event["reason"]) for event in found["events"]["items"]]


def events(node) -> list[tuple[str, str]]:
    return [(event["type"], event["reason"]) for event in node.events()]


SCENARIOS = {
    "succeeded-exit-0": (shell("exit 0", stdin=True, tty=True), [], "succeeded"),
    "failed-exit-3": (shell("exit 3", stdin=True, tty=True), [], "failed"),
    "failed-exit-3-with-message": (shell("echo failing >/dev/termination-log; exit 3"), [], "failed"),
    "failed-sigkill-137": (shell("kill -9 $BASHPID; exit 137"), [], "failed"),
    "start-error": (container("weaver", "no-such-command", tty=True), [], "failed"),
    "start-error-permission-denied": (container("weaver", "/etc/passwd"), [], "failed"),
    "init-failed-no-message": (shell("true"), [container("clone", "sh", "-c", "exit 128")], "failed"),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_pod_that_ends(node, name):
    main, inits, weaver = SCENARIOS[name]
    found, _ = await node.finished(main, *inits)
    assert (shape(found["status"]), events(node)) == recorded(name)
    assert pod_status(found, node.events()).status == weaver


async def test_a_running_pod(node):
    node.create(pod(container("weaver", "bash", stdin=True, tty=True)))
    found = await node.phase("Running")
    assert (shape(found["status"]), events(node)) == recorded("running-no-probe")
    told = pod_status(found, node.events())
    assert told.status == "running"
    assert set(told.stages) == {"scheduled", "pulled", "ready"}


async def test_init_containers_run_first(node):
    node.create(
        pod(shell("sleep 600"), container("clone", "sh", "-c", "until [ -e /workspace/go ]; do sleep 0.05; done"))
    )
    found = await node.until(
        lambda pod: "running" in pod["status"].get("initContainerStatuses", [{"state": {}}])[0]["state"]
    )
    assert (shape(found["status"]), events(node)) == recorded("init-running")
    assert pod_status(found, node.events()).reason == "Cloning"
    folder = node.state / "pods" / found["metadata"]["uid"] / "volumes" / "workspace"
    (folder / "go").touch()
    found = await node.phase("Running")
    assert (shape(found["status"]), events(node)) == recorded("init-succeeded")


async def test_what_a_start_error_says(node):
    found, _ = await node.finished(container("weaver", "no-such-command"))
    ended = found["status"]["containerStatuses"][0]["state"]["terminated"]
    real = json.loads((RECORDINGS / "start-error.json").read_text())["pod"]["status"]
    expected = real["containerStatuses"][0]["state"]["terminated"]
    assert ended["message"] == expected["message"]
    assert ended["startedAt"] == "1970-01-01T00:00:00Z"


async def test_a_missing_working_directory_is_a_start_error(node):
    found, _ = await node.finished(shell("true", workingDir="/workspace/none"))
    ended = found["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["reason"] == "StartError"
    assert "no such file or directory" in ended["message"]


async def test_the_image_s_entrypoint_runs_without_a_command(node):
    main = container("weaver", stdin=True, tty=True, image=LOOM_IMAGE)
    del main["command"]
    node.create(pod(main))
    found = await node.phase("Running")
    assert pod_status(found).status == "running"


async def test_the_end_of_the_log_is_the_message_if_asked(node):
    script = "echo Cloning; echo fatal: no such repository >&2; exit 128"
    found, _ = await node.finished(shell(script, terminationMessagePolicy="FallbackToLogsOnError"))
    ended = found["status"]["containerStatuses"][0]["state"]["terminated"]
    assert set(ended["message"].splitlines()) == {"Cloning", "fatal: no such repository"}


async def test_the_termination_message_is_cut(node):
    found, _ = await node.finished(shell("head -c 10000 /dev/zero | tr '\\0' x >/dev/termination-log"))
    assert found["status"]["containerStatuses"][0]["state"]["terminated"]["message"] == "x" * 4096


async def test_an_image_that_cannot_be_pulled(node):
    node.create(pod(shell("true", image="missing.invalid/x:1")))
    found = await node.until(lambda pod: _waiting(pod) == "ErrImagePull")
    expected, _ = recorded("err-image-pull")
    assert shape(found["status"]) == expected
    found = await node.until(lambda pod: _waiting(pod) == "ImagePullBackOff")
    expected, reasons = recorded("image-pull-back-off")
    assert shape(found["status"]) == expected
    assert events(node) == reasons
    node.delete(5)
    await node.gone()


async def test_an_image_name_that_is_none(node):
    node.create(pod(shell("true", image="Not A/Valid:image:name")))
    found = await node.until(lambda pod: _waiting(pod) == "InvalidImageName")
    real = json.loads((RECORDINGS / "invalid-image-name.json").read_text())["pod"]["status"]["containerStatuses"][0]
    assert found["status"]["containerStatuses"][0]["state"] == real["state"]
    assert events(node) == recorded("invalid-image-name")[1]
    assert pod_status(found, node.events()).status == "failed"


async def test_nothing_runs_as_root(node):
    node.create(pod(shell("true", securityContext={"runAsUser": 0})))
    await node.until(lambda pod: _waiting(pod) == "CreateContainerConfigError")


async def test_the_deadline(node):
    found, _ = await node.finished(
        shell("trap '' TERM; sleep 600"), activeDeadlineSeconds=1, terminationGracePeriodSeconds=1
    )
    expected, reasons = recorded("deadline-exceeded")
    assert shape(found["status"]) == expected
    assert set(events(node)) == set(reasons)
    assert pod_status(found, node.events()).reason == "DeadlineExceeded"


async def test_the_deadline_while_pulling(node):
    found, _ = await node.finished(shell("true", image="missing.invalid/x:1"), activeDeadlineSeconds=1)
    assert shape(found["status"]) == recorded("deadline-exceeded-while-pulling")[0]


def _waiting(pod: Object) -> str | None:
    statuses = pod["status"].get("containerStatuses")
    return statuses[0]["state"].get("waiting", {}).get("reason") if statuses else None
