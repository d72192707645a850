"""Namespaces: create and delete, and the controller that empties a namespace before it goes."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from local.kube import status
from local.kube.bodies import created_object, delete_options
from local.kube.decoding import Decoded
from local.kube.defaults import generated_name
from local.kube.deletion import delete_pod, require_preconditions
from local.kube.objects import Object, parse_time, seconds, utc_now
from local.kube.options import CreateOptions, DeleteOptions
from local.kube.registry import Registry, Subscription, identified
from local.kube.resources import RESOURCES
from local.kube.responses import json_response
from local.kube.schema import NAMESPACE
from local.kube.status import ApiError
from local.kube.updates import Updates
from local.kube.validation import namespace_causes

_NAME_LABEL: Final = "kubernetes.io/metadata.name"

#: There from the start; they cannot be deleted.
INITIAL: Final = ("default", "kube-system")

#: Kubernetes' default for ``--event-ttl``.
EVENT_LIFETIME: Final = timedelta(hours=1)


def new_namespace(metadata: Object) -> Object:
    labels = {**metadata.get("labels", {}), _NAME_LABEL: metadata.get("name", "")}
    return {
        "kind": "Namespace",
        "apiVersion": "v1",
        "metadata": {**metadata, "labels": labels},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def require_active(registry: Registry, namespace: str, name: str, resource: str = "pods") -> None:
    """Raises ApiError 404, or 403 when the namespace is on its way out."""
    found = registry.get("namespaces", "", namespace)
    if found["status"]["phase"] == "Terminating":
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        about = {**status.details(resource, name), "causes": [cause]}
        raise status.forbidden(f'{resource} "{name}" is forbidden: {why}', about)


class Namespaces:
    """The handlers of ``/api/v1/namespaces…``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        updates = Updates(registry, RESOURCES["namespaces"], _changed)
        self.replace, self.patch = updates.replace, updates.patch

    async def create(self, request: web.Request) -> web.Response:
        options = CreateOptions.of(request.query)
        decoded, warnings = await created_object(request, NAMESPACE, options)
        metadata = decoded.object["metadata"]
        metadata.pop("namespace", None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated_name(metadata["generateName"])
        namespace = new_namespace(metadata)
        if causes := [*namespace_causes(namespace), *decoded.refused]:
            raise status.invalid("Namespace", metadata.get("name", ""), causes)
        created = identified(namespace) if options.dry_run else self._registry.create("namespaces", namespace)
        return json_response(created, 201, warnings=warnings)

    async def delete(self, request: web.Request) -> web.Response:
        """Answers at once; pods go in their own time, the namespace after the last of them."""
        name = request.match_info["name"]
        options = await delete_options(request)
        found = self._registry.get("namespaces", "", name)
        require_preconditions("Namespace", found, options)
        if name in INITIAL:
            raise ApiError(
                403,
                "Forbidden",
                f'namespaces "{name}" is forbidden: this namespace may not be deleted',
                {"name": name, "kind": "namespaces"},
            )
        if options.dry_run:
            return json_response(found)
        return json_response(self._registry.update("namespaces", "", name, _terminate))


def _changed(old: Object, decoded: Decoded) -> Object:
    """Only its metadata can be changed, and the label with its name is always there."""
    decoded.object.setdefault("metadata", {}).setdefault("labels", {})[_NAME_LABEL] = old["metadata"]["name"]
    metadata = {**decoded.object["metadata"], "name": old["metadata"]["name"]}
    if causes := [*namespace_causes({"metadata": metadata}), *decoded.refused]:
        raise status.invalid("Namespace", old["metadata"]["name"], causes)
    return dict(old)


def _terminate(namespace: Object) -> None:
    namespace["metadata"].setdefault("deletionTimestamp", seconds(utc_now()))
    namespace["status"] = {"phase": "Terminating"}


class NamespaceController:
    """Deletes what is in a terminating namespace, and then the namespace."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._subscription: Subscription = registry.subscribe()

    async def run(self) -> None:
        """Until the registry is closed."""
        for namespace in self._registry.list("namespaces"):
            self._give_account(namespace["metadata"]["name"])
        while (change := await self._subscription.next()) is not None:
            metadata = change.object["metadata"]
            if change.resource == "namespaces" and change.type == "MODIFIED":
                self._empty(metadata["name"])
            elif change.resource == "namespaces" and change.type == "ADDED":
                self._give_account(metadata["name"])
            elif change.resource == "pods" and change.type == "DELETED":
                self._empty(metadata["namespace"])

    def _give_account(self, namespace: str) -> None:
        """Every namespace has the service account ``default``."""
        if self._registry.find("serviceaccounts", namespace, "default") is None:
            self._registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": namespace}})

    def _empty(self, name: str) -> None:
        namespace = self._registry.find("namespaces", "", name)
        if namespace is None or namespace["status"]["phase"] != "Terminating":
            return
        for pod in self._registry.list("pods", name):
            if "deletionTimestamp" not in pod["metadata"]:
                delete_pod(self._registry, pod, DeleteOptions())
        if not self._registry.list("pods", name):
            for resource in RESOURCES.values():
                for found in self._registry.list(resource.name, name) if resource.namespaced else ():
                    self._registry.delete(resource.name, name, found["metadata"]["name"])
            self._registry.delete("namespaces", "", name)


def forget_old_events(registry: Registry) -> None:
    """Events go after an hour, as Kubernetes' do; else a server that runs for days would keep them all."""
    oldest = utc_now() - EVENT_LIFETIME
    for event in registry.list("events"):
        metadata = event["metadata"]
        if parse_time(metadata["creationTimestamp"]) < oldest:
            registry.delete("events", metadata["namespace"], metadata["name"])
