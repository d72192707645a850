"""What may be changed of a pod that exists: its metadata, and by the node its status."""

from typing import Any, Final

from local.kube import status
from local.kube.decoding import Decoded
from local.kube.names import annotation_causes, invalid, label_causes
from local.kube.objects import Object
from local.kube.status import Cause

_IMMUTABLE: Final = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
_IMAGES: Final = ("containers", "initContainers")


def changed(old: Object, decoded: Decoded) -> Object:
    """The stored pod, of which nothing but the metadata changes. Raises ApiError 422: also for the few fields that Kubernetes
    lets a client change and this node does not watch."""
    metadata = decoded.object.get("metadata", {})
    causes = [*label_causes(metadata.get("labels", {})), *annotation_causes(metadata.get("annotations", {}))]
    causes += [cause for cause in decoded.refused if cause.field.startswith("metadata.")]
    causes += _spec_causes(old["spec"], _without_nulls(decoded.sent.get("spec") or {}))
    if causes:
        raise status.invalid("Pod", old["metadata"]["name"], causes)
    return dict(old)


def changed_status(old: Object, decoded: Decoded) -> Object:
    """The stored pod with the status that was sent; the spec that was sent counts for nothing."""
    return {**old, "status": decoded.sent.get("status") or {}}


def _spec_causes(old: Object, new: Object) -> list[Cause]:
    field = "activeDeadlineSeconds"
    before, after = old.get(field), new.get(field)
    if before is not None and isinstance(after, int) and after > before:
        return [invalid(f"spec.{field}", after, "must be less than or equal to previous value")]
    if _same_but_for(old, new):
        if before == after and all(old.get(key) == new.get(key) for key in (*_IMAGES, "tolerations")):
            return []
        why = "Forbidden: the laptop edition's node changes nothing of a running pod but its metadata"
        return [Cause("FieldValueForbidden", "spec", why)]
    return [Cause("FieldValueForbidden", "spec", _IMMUTABLE)]


def _same_but_for(old: Object, new: Object) -> bool:
    """Whether only fields differ that Kubernetes lets a client change."""

    def fixed(spec: Object) -> Object:
        kept = {key: value for key, value in spec.items() if key not in ("activeDeadlineSeconds", "tolerations")}
        for kind in _IMAGES:
            containers = kept.get(kind, [])
            kept[kind] = [
                {key: value for key, value in container.items() if key != "image"} if isinstance(container, dict) else 0
                for container in (containers if isinstance(containers, list) else [0])
            ]
        return kept

    return fixed(old) == fixed(new)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
