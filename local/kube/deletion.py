"""Deleting pods: what happens at once, and what is left to the node (README §Deleting of the recordings)."""

from datetime import timedelta
from typing import Final

from local.kube import status
from local.kube.objects import Object, parse_time, seconds, utc_now
from local.kube.options import DeleteOptions
from local.kube.registry import Registry

#: Seconds; a moment beyond the year 9999 cannot be written.
_LONGEST_GRACE: Final = 2**31 - 1


def delete_pod(registry: Registry, pod: Object, options: DeleteOptions) -> Object:
    """The pod as it is answered. Raises ApiError 409.

    A pod that is not scheduled, is finished, or is given no time vanishes; any other gets ``deletionTimestamp``, and the
    node removes it once its containers are over.
    """
    require_preconditions("Pod", pod, options)
    if options.dry_run:
        return pod
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    grace = _grace(pod, options)
    if (before := pod["metadata"].get("deletionGracePeriodSeconds")) is not None and grace >= before > 0:
        return pod
    deleted = registry.update("pods", namespace, name, lambda new: _mark(new, grace))
    if grace == 0:
        registry.delete("pods", namespace, name)
    return deleted


def require_preconditions(kind: str, found: Object, options: DeleteOptions) -> None:
    """Raises ApiError 409 when the object is not the one that the client means."""
    metadata = found["metadata"]
    if options.uid not in (None, metadata["uid"]):
        raise status.conflict(
            kind,
            metadata["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']})."
            " The object might have been deleted and then recreated",
        )
    if options.resource_version not in (None, metadata["resourceVersion"]):
        raise status.conflict(
            kind,
            metadata["name"],
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion in"
            f" record ({metadata['resourceVersion']}). The object might have been modified",
        )


def _grace(pod: Object, options: DeleteOptions) -> int:
    if not pod["spec"].get("nodeName") or pod["status"]["phase"] in ("Succeeded", "Failed"):
        return 0
    grace: int = pod["spec"]["terminationGracePeriodSeconds"] if options.grace is None else options.grace
    return min(grace, _LONGEST_GRACE)


def _mark(pod: Object, grace: int) -> None:
    """``deletionTimestamp`` is when the grace ends, counted from the first request."""
    metadata = pod["metadata"]
    asked = utc_now()
    if "deletionTimestamp" in metadata:
        asked = parse_time(metadata["deletionTimestamp"]) - timedelta(seconds=metadata["deletionGracePeriodSeconds"])
    else:
        metadata["generation"] = metadata.get("generation", 1) + 1
    metadata["deletionTimestamp"] = seconds(asked + timedelta(seconds=grace))
    metadata["deletionGracePeriodSeconds"] = grace
