"""What ``kubectl get`` shows of pods in every recorded state, and of times."""

import json
from pathlib import Path

import pytest

from local.kube.objects import parse_time, utc_now
from local.kube.printing.durations import age, human_duration
from local.kube.printing.pods import cells
from tests.local.kube.recordings import RECORDINGS, recorded

#: As the columns Ready and Status show them.
SHOWN = {
    "pending-just-created": ("0/1", "Pending"),
    "scheduled-container-creating": ("0/1", "ContainerCreating"),
    "init-running": ("0/1", "Init:0/1"),
    "init-failed-exit-128": ("0/1", "Init:Error"),
    "init-image-pull-back-off": ("0/1", "Init:ImagePullBackOff"),
    "init-succeeded": ("1/1", "Running"),
    "running-ready": ("1/1", "Running"),
    "running-not-ready": ("0/1", "Running"),
    "image-pull-back-off": ("0/1", "ImagePullBackOff"),
    "invalid-image-name": ("0/1", "InvalidImageName"),
    "create-container-config-error": ("0/1", "CreateContainerConfigError"),
    "succeeded-exit-0": ("0/1", "Completed"),
    "failed-exit-3": ("0/1", "Error"),
    "oom-killed": ("0/1", "OOMKilled"),
    "start-error": ("0/1", "StartError"),
    "terminating": ("1/1", "Terminating"),
    "terminating-container-ended": ("0/1", "Error"),
    "crash-loop-back-off": ("0/1", "CrashLoopBackOff"),
}


@pytest.mark.parametrize("scenario", SHOWN)
def test_a_pod(scenario: str):
    pod = recorded(f"pods/{scenario}.json")["pod"]
    name, ready, status, *_ = cells(pod, utc_now())
    assert name == pod["metadata"]["name"]
    assert (ready, status) == SHOWN[scenario]


@pytest.mark.parametrize("path", sorted((RECORDINGS / "pods").glob("*.json")), ids=lambda path: path.stem)
def test_every_recorded_pod_has_a_row(path: Path):
    assert len(cells(json.loads(path.read_text())["pod"], utc_now())) == 9


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (330, "5m30s"), (600, "10m"),
        (10_799, "179m"), (10_800, "3h"), (12_600, "3h30m"), (28_800, "8h"), (172_799, "47h"), (176_400, "2d1h"),
        (691_200, "8d"), (63_071_999, "729d"), (63_158_400, "2y1d"), (252_288_000, "8y"),
    ],
)  # fmt: skip
def test_a_duration(seconds: int, shown: str):
    assert human_duration(seconds) == shown


def test_the_age_of_what_never_happened():
    now = parse_time("2026-11-23T00:00:17Z")
    assert age("2026-11-23T00:00:00Z", now) == "17s"
    assert age(None, now) == "<unknown>"
