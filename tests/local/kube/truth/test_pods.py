"""The recorded pods, created here and brought to the same state: status, conditions, container states, spec and events.

Not compared: times, ids and addresses; digests of images; resources that the node reports for the whole pod; how often an event
came, and which of those that the recording has besides those named in ``LATER``.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from local.kube.nodes import NODE_NAME
from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.cluster import Cluster, running_cluster, sent_pod
from tests.local.kube.truth.table import Verdict, named

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_bwrap]

Holds = Callable[[Object], bool]

#: Differs from pod to pod, or is the machine's. ``observedGeneration`` counts the changes of a pod in place.
OWN = frozenset(
    [
        "lastTransitionTime",
        "startedAt",
        "finishedAt",
        "containerID",
        "imageID",
        "startTime",
        "hostIP",
        "podIP",
        "ip",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "observedGeneration",
        "generation",
        "name",
    ]  # reads better
)
#: Of the pod as a whole: nobody here reads them.
POD_RESOURCES = frozenset({"allocatedResources", "resources"})
#: Times that are shorter here, so that tests are.
SHORTER: Mapping[str, Mapping[str, int]] = {
    "deadline-exceeded": {"activeDeadlineSeconds": 1, "terminationGracePeriodSeconds": 1},
    "deadline-exceeded-in-init": {"activeDeadlineSeconds": 1, "terminationGracePeriodSeconds": 1},
    "deadline-exceeded-while-pulling": {"activeDeadlineSeconds": 3},
}
#: Events that come, or came, only a moment after the state.
LATER: Mapping[str, set[str]] = {"terminating": {"Killing"}, "deadline-exceeded-in-init": {"Killing"}}


def phase(*phases: str) -> Holds:
    return lambda pod: pod["status"]["phase"] in phases


def waits(reason: str, kind: str = "containerStatuses") -> Holds:
    return lambda pod: pod["status"].get(kind, [{}])[0].get("state", {}).get("waiting", {}).get("reason") == reason


def init_runs(pod: Object) -> bool:
    return "running" in str(pod["status"].get("initContainerStatuses"))


def ready(*, is_so: bool) -> Holds:
    return lambda pod: (
        (pod["status"].get("containerStatuses", [{}])[0].get("ready"), phase("Running")(pod)) == (is_so, True)
    )


def unschedulable(pod: Object) -> bool:
    return any(condition.get("reason") == "Unschedulable" for condition in pod["status"].get("conditions", ()))


finished = phase("Succeeded", "Failed")


@dataclass(frozen=True)
class Way:
    """How a pod comes to its state: ``before`` an action ``holds`` must hold, afterwards ``then``."""

    holds: Holds
    action: str = ""
    then: Holds = field(default=lambda _: True)


FINISHED = dict.fromkeys(
    """
    deadline-exceeded deadline-exceeded-in-init deadline-exceeded-while-pulling evicted-emptydir failed-exit-3
    evicted-ephemeral-storage evicted-ephemeral-storage-writable-layer evicted-first-status
    failed-exit-3-with-message init-failed-exit-128 init-failed-exit-128-repository-not-found init-failed-no-message
    oom-killed oom-killed-child-only start-error start-error-permission-denied succeeded-exit-0
    """.split(),  # noqa: SIM905  # reads better
    "",
)

WAYS: Mapping[str, Way] = {
    **dict.fromkeys(FINISHED, Way(finished)),
    "create-container-config-error": Way(waits("CreateContainerConfigError")),
    "create-container-config-error-missing-key": Way(waits("CreateContainerConfigError")),
    "err-image-never-pull": Way(waits("ErrImageNeverPull")),
    "err-image-pull": Way(waits("ErrImagePull")),
    "failed-sigkill-137": Way(phase("Running"), "kill", finished),
    "image-pull-back-off": Way(waits("ImagePullBackOff")),
    "init-image-pull-back-off": Way(waits("ImagePullBackOff", "initContainerStatuses")),
    "init-running": Way(init_runs),
    "init-succeeded": Way(phase("Running")),
    "invalid-image-name": Way(waits("InvalidImageName")),
    "running-no-probe": Way(phase("Running")),
    "running-not-ready": Way(ready(is_so=False)),
    "running-ready": Way(ready(is_so=True)),
    "terminating": Way(phase("Running"), "delete"),
    "terminating-with-killing-event": Way(phase("Running"), "delete"),
    "unschedulable-cpu": Way(unschedulable),
}
#: States that last milliseconds: one of the pod's changes is compared, as the watch tells it.
PASSING: Mapping[str, tuple[Holds, str]] = {
    "init-just-succeeded-main-waiting": (phase("Running"), ""),
    "pending-just-created": (phase("Running"), ""),
    "scheduled-container-creating": (phase("Running"), ""),
    "scheduled-pod-initializing": (init_runs, ""),
    "terminating-container-ended": (phase("Running"), "delete"),
    "terminating-exited-0-on-sigterm": (phase("Running"), "delete"),
}
#: The volume is tried again and again; what is compared is the state at its first failure.
EVENTS: Mapping[str, str] = {"pending-volume-missing-configmap": "FailedMount"}

SCENARIOS = [*WAYS, *PASSING, *EVENTS]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        secret = {"metadata": {"name": "present", "namespace": NAMESPACE}, "data": {}}
        running.node.registry.create("secrets", secret)
        yield running


async def test_the_ways_are_those_of_the_table():
    assert set(SCENARIOS) == {*named("pods", Verdict.AGREE), *named("pods", Verdict.DEVIATE)}


@pytest.mark.parametrize("scenario", [name for name in WAYS if name in named("pods", Verdict.AGREE)])
async def test_a_state(cluster: Cluster, scenario: str):
    if scenario.startswith("oom") and not limits_are_enforced(cluster):
        # What the node says of itself must be so: there is no OOM to compare only where no limit can be set.
        assert not os.access("/sys/fs/cgroup/memory", os.W_OK)
        return
    way, name = WAYS[scenario], unique(cluster)
    await create(cluster, scenario, name)
    found = await cluster.until(name, way.holds)
    if way.action:
        await act(cluster, found, way.action)
        found = await cluster.until(name, way.then)
    expected = recorded(f"pods/{scenario}.json")
    assert shape(found["status"]) == shape(expected["pod"]["status"])
    assert sent_back(found, scenario) == sent_back(expected["pod"], scenario)
    assert found["metadata"].keys() == expected["pod"]["metadata"].keys()
    events = happened(expected["events"]["items"], scenario)
    await cluster.until(name, lambda _: happened(cluster.node.events(name), scenario) == events)


@pytest.mark.parametrize("scenario", [name for name in PASSING if name in named("pods", Verdict.AGREE)])
async def test_a_passing_state(cluster: Cluster, scenario: str):
    (holds, action), name = PASSING[scenario], unique(cluster)
    begin = cluster.node.registry.version
    await create(cluster, scenario, name)
    found = await cluster.until(name, holds)
    if action:
        await act(cluster, found, action)
        await cluster.node.gone(name)
    changes = cluster.node.registry.changes_since("pods", begin)
    states = [shape(change.object["status"]) for change in changes if change.object["metadata"]["name"] == name]
    assert shape(recorded(f"pods/{scenario}.json")["pod"]["status"]) in states


@pytest.mark.parametrize("scenario", EVENTS)
async def test_what_only_events_tell(cluster: Cluster, scenario: str):
    name = unique(cluster)
    await create(cluster, scenario, name)
    await cluster.until(name, lambda _: any(event["reason"] == EVENTS[scenario] for event in cluster.node.events(name)))
    expected = recorded(f"pods/{scenario}.json")
    assert shape(cluster.node.get(name)["status"]) == shape(expected["pod"]["status"])
    said = {event["message"] for event in expected["events"]["items"] if event["reason"] == EVENTS[scenario]}
    assert {event["message"] for event in cluster.node.events(name)} & said


def limits_are_enforced(cluster: Cluster) -> bool:
    [told] = [
        condition
        for condition in cluster.node.registry.get("nodes", "", NODE_NAME)["status"]["conditions"]
        if condition["type"] == "loom.dev/LimitsEnforced"
    ]
    return bool(told["status"] == "True")


def unique(cluster: Cluster) -> str:
    return cluster.named(f"weaver-{os.getpid()}")


async def create(cluster: Cluster, scenario: str, name: str) -> None:
    sent = sent_pod(scenario, name)
    sent["spec"] |= SHORTER.get(scenario, {})
    await cluster.create(sent)


async def act(cluster: Cluster, pod: Object, action: str) -> None:
    name = pod["metadata"]["name"]
    if action == "kill":
        os.kill(await asyncio.to_thread(sleeper, name), signal.SIGKILL)
    elif "trap" in str(pod["spec"]):
        await asyncio.to_thread(sleeper, name)
        await cluster.delete(name, 30)
    else:
        await cluster.delete(name, 3)


def sleeper(name: str) -> int:
    """The process that sleeps in the pod of that name, once it does. Only from outside can a container's first be killed."""
    deadline = time.monotonic() + 20
    while (found := sleeping(name)) is None:
        assert time.monotonic() < deadline, "it never slept"
        time.sleep(0.05)
    return found


def sleeping(name: str) -> int | None:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            sleeps = process.joinpath("cmdline").read_bytes().startswith(b"sleep\0")
            if sleeps and f"HOSTNAME={name}".encode() in process.joinpath("environ").read_bytes().split(b"\0"):
                return int(process.name)
    return None


def shape(value: Any) -> Any:
    """A status without what is a pod's own, and without what the machine says in messages."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not ("conditions" in value and key in POD_RESOURCES)}
        return {key: "…" if key in OWN else shape(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value.replace(" on 10.96.0.10:53", "") if isinstance(value, str) else value


def sent_back(pod: Object, scenario: str) -> Any:
    """The spec as it is answered."""
    shorter = {"nodeName": "…", **SHORTER.get(scenario, {})}
    return {key: shorter.get(key, value) for key, value in pod["spec"].items()}


def happened(events: list[Object], scenario: str) -> list[tuple[str, str, str]]:
    """Each kind of event once, in the order in which they first came."""
    kinds = [
        (event["type"], event["reason"], event["involvedObject"].get("fieldPath", ""))
        for event in events
        if event["reason"] not in LATER.get(scenario, ())
    ]
    return sorted(dict.fromkeys(kinds))
