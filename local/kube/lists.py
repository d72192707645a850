"""Lists: selection, pages, and versions (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks)."""

import base64
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from local.kube import status
from local.kube.objects import Object
from local.kube.options import ListOptions, bad_list_version, resource_version
from local.kube.registry import Registry
from local.kube.resources import RESOURCES
from local.kube.selectors import Matcher, field_matcher, label_matcher
from local.kube.status import ApiError

_EXPIRED: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without"
    " the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
    " Continuing with the provided token results in an inconsistent list - objects that were created, modified, or"
    " deleted between the time the first chunk was returned and now may show up in the list."
)
#: In a continue token: whatever is there now, instead of one version.
_INCONSISTENT: Final = -1


def typed(resource: str, found: Object) -> Object:
    """``found`` as it stands alone: with kind and apiVersion, which the items of a list do not have."""
    known = RESOURCES[resource]
    return {"kind": known.kind, "apiVersion": known.api_version, **found}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects a list or watch is about. ``namespace`` None means all."""

    resource: str
    namespace: str | None
    labels: Matcher
    fields: Matcher
    selective: bool

    @classmethod
    def of(cls, resource: str, namespace: str | None, options: ListOptions) -> "Selection":
        """Raises ApiError 400 for a selector that cannot be read."""
        return cls(
            resource,
            namespace,
            label_matcher(options.label_selector),
            field_matcher(resource, options.field_selector),
            bool(options.label_selector or options.field_selector),
        )

    def matches(self, found: Object) -> bool:
        here = self.namespace in (None, found["metadata"].get("namespace", ""))
        return here and self.labels(found) and self.fields(found)


def list_objects(registry: Registry, selection: Selection, options: ListOptions) -> Object:
    """The ``…List``, or one page of it. Raises ApiError 400, 410 and 504."""
    version, after = _starting_point(registry, options, selection.namespace)
    stored = _stored(registry, selection, version, after)
    begin = 0 if after is None else bisect_right(stored, after, key=_key)
    # Recorded: the limit does not count with resourceVersion=0.
    limit = options.limit if options.resource_version != "0" else 0
    # Only an answer that counts the rest looks at more than the page and whether something follows.
    end = limit + 1 if limit and selection.selective else None
    found = list(islice((item for item in islice(stored, begin, None) if selection.matches(item)), end))
    shown = registry.version if version is None else version
    metadata: Object = {"resourceVersion": str(shown)}
    if limit and len(found) > limit:
        remaining = len(found) - limit
        found = found[:limit]
        of_page = _INCONSISTENT if version is None and after else shown
        metadata["continue"] = _encode(of_page, _key(found[-1]), selection.namespace)
        if not selection.selective:
            metadata["remainingItemCount"] = remaining
    items = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in found]
    known = RESOURCES[selection.resource]
    return {"kind": f"{known.kind}List", "apiVersion": known.api_version, "metadata": metadata, "items": items}


def require_reached(registry: Registry, version: int | None) -> None:
    """Raises ApiError 504 for a version from the future."""
    if version is not None and version > registry.version:
        raise status.too_large_version(version, registry.version)


def _starting_point(
    registry: Registry, options: ListOptions, namespace: str | None
) -> tuple[int | None, tuple[str, str] | None]:
    """The version to show (None: the newest) and the key after which the page begins."""
    if options.continue_token:
        if options.resource_version not in ("", "0"):
            raise status.bad_request("specifying resource version is not allowed when using continue")
        version, after = _decode(options.continue_token, namespace)
        return (None if version == _INCONSISTENT else version), after
    try:
        version_asked = resource_version(options.resource_version)
    except ValueError as error:
        raise bad_list_version(error) from error
    require_reached(registry, version_asked)
    return (version_asked if options.resource_version_match == "Exact" else None), None


def _stored(
    registry: Registry, selection: Selection, version: int | None, after: tuple[str, str] | None
) -> Sequence[Object]:
    if version is None:
        return registry.list(selection.resource)
    require_reached(registry, version)
    try:
        return registry.list_at(selection.resource, version)
    except ApiError as error:
        if after is None:
            raise status.expired("The resourceVersion for the provided list is too old.") from error
        token = {"continue": _encode(_INCONSISTENT, after, selection.namespace)}
        raise ApiError(410, "Expired", _EXPIRED, metadata=token) from error


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _encode(version: int, key: tuple[str, str], namespace: str | None) -> str:
    """As Kubernetes': the key counts from the namespace, where one was asked for."""
    start = "/".join(("", *(part for part in key[:1] if part and namespace is None), key[1]))
    value = {"v": "meta.k8s.io/v1", "rv": version, "start": f"{start}\0"}
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(token: str, namespace: str | None) -> tuple[int, tuple[str, str]]:
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        of_item, _, name = value["start"].rstrip("\0").lstrip("/").rpartition("/")
        return int(value["rv"]), (of_item or namespace or "", name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise status.bad_request(f"invalid continue token: continue key is not valid: {error}") from error
