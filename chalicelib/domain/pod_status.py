"""From a pod and its events to what people are told: status, reason, message, stages. One function for API, relay and CLI.

Pods and events are plain dicts as Kubernetes' API returns them. Source of the rules: the recorded answers of Kubernetes 1.36
under ``tests/recordings/kubernetes``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Pod = Mapping[str, Any]
Event = Mapping[str, Any]

WeaverStatus = Literal["pending", "running", "succeeded", "failed", "terminating"]
STAGES = ("reserved", "scheduled", "pulled", "cloned", "ready")


@dataclass(frozen=True, slots=True)
class PodStatus:
    """What a pod says about its weaver.

    ``reason`` is CamelCase as Kubernetes writes it, ``message`` one line for people; both None when there is nothing to
    explain. ``stages`` has the steps already reached (a subset of STAGES, without ``reserved``). ``exit_code`` is the main
    container's, once it ended.
    """

    status: WeaverStatus
    reason: str | None = None
    message: str | None = None
    stages: Mapping[str, datetime] = field(default_factory=dict)
    exit_code: int | None = None


def pod_status(pod: Pod, events: Sequence[Event] = ()) -> PodStatus:
    """How the weaver of ``pod`` is, and why."""
    raise NotImplementedError
