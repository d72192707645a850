"""Changing objects that exist: replace and patch, with the checks that every resource has (optimistic concurrency, names, uids)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from local.kube import status
from local.kube.decoding import Decoded, decode, decode_value, require_strict, warnings
from local.kube.lists import typed
from local.kube.objects import Object
from local.kube.options import CreateOptions
from local.kube.patches import patched
from local.kube.registry import Registry
from local.kube.resources import Resource
from local.kube.responses import json_response, require_json_accepted

#: What a client cannot change: the server's own part of the metadata.
_SERVERS_OWN: Final = (
    "name", "generateName", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "generation",
)  # fmt: skip

#: From the stored object and what the client wants to what will be stored. Raises ApiError 422.
Change = Callable[[Object, Decoded], Object]


class Updates:
    """PUT and PATCH of one resource; ``change`` decides what may become what."""

    def __init__(self, registry: Registry, resource: Resource, change: Change) -> None:
        self._registry = registry
        self._resource = resource
        self._change = change

    async def replace(self, request: web.Request) -> web.Response:
        require_json_accepted(request)
        decoded = decode(self._resource.schema, request.content_type, await request.read())
        return self._store(request, decoded)

    async def patch(self, request: web.Request) -> web.Response:
        require_json_accepted(request)
        body = await request.read()
        old = typed(self._resource.name, self._stored(request))
        # What the patch does not name keeps the version that was just read, so that only its own may be stale.
        new = patched(request.content_type, body, old)
        return self._store(request, decode_value(self._resource.schema, new))

    def _store(self, request: web.Request, decoded: Decoded) -> web.Response:
        options = CreateOptions.of(request.query)
        if options.field_validation == "Strict":
            require_strict(self._resource.schema, decoded)
        old = self._stored(request)
        require_same_object(self._resource.name, old, decoded.sent.get("metadata") or {})
        new = self._change(old, decoded)
        new = {**new, "metadata": kept_metadata(old, decoded.object.get("metadata", {}))}
        if not options.dry_run:
            namespace, name = request.match_info.get("namespace", ""), request.match_info["name"]
            new = self._registry.update(self._resource.name, namespace, name, lambda stored: _become(stored, new))
        told = warnings(decoded) if options.field_validation == "Warn" else []
        return json_response(typed(self._resource.name, new), warnings=told)

    def _stored(self, request: web.Request) -> Object:
        namespace, name = request.match_info.get("namespace", ""), request.match_info["name"]
        return self._registry.get(self._resource.name, namespace, name)


def require_same_object(resource: str, old: Object, metadata: Mapping[str, Any]) -> None:
    """The client means the object that is stored, and its newest version. Raises ApiError 400 and 409."""
    stored = old["metadata"]
    if metadata.get("name", stored["name"]) != stored["name"]:
        why = f"does not match the name on the URL ({stored['name']})"
        raise status.bad_request(f"the name of the object ({metadata['name']}) {why}")
    if metadata.get("namespace") not in (None, "", stored.get("namespace", "")):
        why = "does not match the namespace on the URL"
        raise status.bad_request(f"the namespace of the object ({metadata['namespace']}) {why} ({stored['namespace']})")
    if metadata.get("uid") not in (None, "", stored["uid"]):
        plural, _, group = resource.partition(".")
        key = "/".join(filter(None, ["/registry", group, plural, stored.get("namespace", ""), stored["name"]]))
        raise status.conflict(
            resource,
            stored["name"],
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed:"
            f" UID in precondition: {metadata['uid']}, UID in object meta: {stored['uid']}",
        )
    if metadata.get("resourceVersion") not in (None, "", stored["resourceVersion"]):
        raise status.modified(resource, stored["name"])


def kept_metadata(old: Object, new: Object) -> Object:
    """What the client may change of the metadata, labels and annotations, and the rest as it is."""
    kept = {key: value for key, value in old["metadata"].items() if key in (*_SERVERS_OWN, "resourceVersion")}
    return {**kept, **{key: new[key] for key in ("labels", "annotations") if new.get(key)}}


def _become(stored: Object, new: Object) -> None:
    stored.clear()
    stored.update(new)
