"""A pod as seen, in the words that viewers are told (:func:`chalicelib.domain.pod_status.pod_status` has them)."""

from datetime import UTC, datetime

from chalicelib.domain.pod_status import STAGES
from loom.wire import Stage
from relay.core.viewer import WeaverState
from relay.follower import Observation

#: Seconds a pod may take to appear: creating it and attaching to it race.
APPEAR = 10.0


def weaver_state(seen: Observation) -> WeaverState:
    """What to tell of it, also while there is no pod."""
    if status := seen.status:
        stages = tuple(Stage(name, _rfc3339(status.stages[name])) for name in STAGES if name in status.stages)
        return WeaverState(status.status, status.reason, status.message, stages)
    if seen.trouble:
        return WeaverState(reason="ClusterUnreachable", message=seen.trouble)
    return WeaverState(reason="PodNotFound", message="waiting for the pod to be created")


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
