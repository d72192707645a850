"""Resources that are stored as they are sent: secrets, config maps, accounts, roles, network policies. Nothing enforces the last."""

import base64
from collections.abc import Callable, Iterator
from typing import Final

from aiohttp import web

from local.kube import status
from local.kube.bodies import created_object, delete_options, require_same_namespace
from local.kube.decoding import Decoded
from local.kube.defaults import generated_name
from local.kube.deletion import require_preconditions
from local.kube.lists import typed
from local.kube.names import dns_subdomain, invalid, path_segment, required
from local.kube.namespaces import require_active
from local.kube.objects import Object
from local.kube.options import CreateOptions, DeleteOptions
from local.kube.registry import Registry, identified
from local.kube.resources import Resource
from local.kube.responses import json_response
from local.kube.status import Cause
from local.kube.updates import Updates
from local.kube.validation import metadata_causes

_KEY: Final = "[-._a-zA-Z0-9]+"


class Stored:
    """Create, replace, patch and delete of one resource."""

    def __init__(self, registry: Registry, resource: Resource) -> None:
        self._registry = registry
        self._resource = resource
        updates = Updates(registry, resource, self._changed)
        self.replace, self.patch = updates.replace, updates.patch

    async def create(self, request: web.Request) -> web.Response:
        namespace, options = request.match_info.get("namespace", ""), CreateOptions.of(request.query)
        decoded, warnings = await created_object(request, self._resource.schema, options)
        require_same_namespace(decoded, namespace)
        new = prepared(self._resource, decoded.object, namespace)
        if namespace:
            require_active(self._registry, namespace, new["metadata"].get("name", ""), self._resource.name)
        self._require_valid(new, decoded)
        stored = identified(new) if options.dry_run else self._registry.create(self._resource.name, new)
        return json_response(typed(self._resource.name, stored), 201, warnings=warnings)

    async def delete(self, request: web.Request) -> web.Response:
        options = await delete_options(request)
        namespace, name = request.match_info.get("namespace", ""), request.match_info["name"]
        found = self._registry.get(self._resource.name, namespace, name)
        self.delete_one(found, options)
        about = {**status.details(self._resource.name, name), "uid": found["metadata"]["uid"]}
        success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": about}
        return json_response(success)

    def delete_one(self, found: Object, options: DeleteOptions) -> Object:
        """The object as it was. Raises ApiError 409."""
        require_preconditions(self._resource.name, found, options)
        if not options.dry_run:
            metadata = found["metadata"]
            self._registry.delete(self._resource.name, metadata.get("namespace", ""), metadata["name"])
        return found

    def _changed(self, old: Object, decoded: Decoded) -> Object:
        new = prepared(self._resource, decoded.object, old["metadata"].get("namespace", ""))
        self._require_valid(new, decoded)
        fixed = "roleRef" if "roleRef" in old else "type" if "type" in old else None
        causes = []
        if fixed is not None and new.get(fixed) != old[fixed]:
            why = "cannot change roleRef" if fixed == "roleRef" else "field is immutable"
            causes.append(invalid(fixed, str(new.get(fixed)), why))
        if old.get("immutable") and {key: new.get(key) for key in _DATA} != {key: old.get(key) for key in _DATA}:
            why = "Forbidden: field is immutable when `immutable` is set"
            causes.append(Cause("FieldValueForbidden", "data", why))
        if causes:
            raise status.invalid(_qualified_kind(self._resource), old["metadata"]["name"], causes)
        return new

    def _require_valid(self, new: Object, decoded: Decoded) -> None:
        name = new["metadata"].get("name", "")
        causes = [*metadata_causes(new["metadata"], name_rule(self._resource)), *_causes(new), *decoded.refused]
        if causes:
            raise status.invalid(_qualified_kind(self._resource), name, causes)


_DATA: Final = ("data", "binaryData", "immutable")


def name_rule(resource: Resource) -> Callable[[str], list[str]]:
    return path_segment if resource.group == "rbac.authorization.k8s.io" else dns_subdomain


def _qualified_kind(resource: Resource) -> str:
    return f"{resource.kind}.{resource.group}" if resource.group else resource.kind


def prepared(resource: Resource, sent: Object, namespace: str) -> Object:
    """What is stored of ``sent``: with its name and what has a default."""
    metadata = dict(sent.get("metadata", {}))
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(metadata["generateName"])
    metadata.pop("namespace", None)
    if namespace:
        metadata["namespace"] = namespace
    new = {"kind": resource.kind, "apiVersion": resource.api_version, **sent, "metadata": metadata}
    if resource.kind == "Secret":
        plain = {key: base64.b64encode(value.encode()).decode() for key, value in new.pop("stringData", {}).items()}
        if plain:
            new["data"] = {**new.get("data", {}), **plain}
        new.setdefault("type", "Opaque")
    return new


def _causes(new: Object) -> Iterator[Cause]:
    for field in ("data", "binaryData"):
        for key in new.get(field, {}):
            if not _is_key(key):
                why = (
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or"
                    f" 'KEY_NAME',  or 'key-name', regex used for validation is '{_KEY}')"
                )
                yield invalid(f"{field}[{key}]", key, why)
    if new["kind"] in ("RoleBinding", "ClusterRoleBinding") and not new.get("roleRef", {}).get("name"):
        yield required("roleRef.name")
    for index, rule in enumerate(new.get("rules", ())):
        if not rule.get("verbs"):
            yield required(f"rules[{index}].verbs", "verbs must contain at least one value")


def _is_key(key: str) -> bool:
    return (
        0 < len(key) <= 253
        and key not in (".", "..")
        and all(char.isascii() and (char.isalnum() or char in "-._") for char in key)
    )
