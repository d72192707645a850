"""Pods: create, get, delete, log, attach, exec and port-forward. Lists and watches are the same for every resource (:mod:`local.kube.server`)."""

from typing import Final

from aiohttp import web

from local.kube import pod_security, status
from local.kube.attach import attach
from local.kube.bodies import created_object, delete_options, require_same_namespace
from local.kube.defaults import with_defaults
from local.kube.deletion import delete_pod
from local.kube.exec import execute
from local.kube.log import pod_log
from local.kube.namespaces import require_active
from local.kube.node import Node
from local.kube.objects import Object
from local.kube.options import CreateOptions, DeleteOptions
from local.kube.pod_updates import changed, changed_status
from local.kube.portforward import forward_ports
from local.kube.registry import Registry, identified
from local.kube.resources import RESOURCES
from local.kube.responses import json_response
from local.kube.schema import POD
from local.kube.updates import Updates
from local.kube.validation import node_causes, pod_causes, require_admission

#: Subresources that Kubernetes has and this server does not.
_REFUSED: Final = (
    "proxy eviction binding ephemeralcontainers resize".split()  # noqa: SIM905  # reads better
)


class Pods:
    """The handlers of ``/api/v1/namespaces/{namespace}/pods…``."""

    def __init__(self, registry: Registry, node: Node) -> None:
        self._registry = registry
        self._node = node
        self.updates = Updates(registry, RESOURCES["pods"], changed)
        self.status_updates = Updates(registry, RESOURCES["pods"], changed_status)

    async def create(self, request: web.Request) -> web.Response:
        namespace, options = request.match_info["namespace"], CreateOptions.of(request.query)
        decoded, warnings = await created_object(request, POD, options)
        require_same_namespace(decoded, namespace)
        pod = with_defaults(decoded.object, namespace)
        require_active(self._registry, namespace, pod["metadata"].get("name", ""))
        accounts = self._registry.list("serviceaccounts", namespace)
        require_admission(pod, {account["metadata"]["name"] for account in accounts})
        if causes := pod_causes(pod):
            raise status.invalid("Pod", pod["metadata"].get("name", ""), causes)
        found = self._registry.get("namespaces", "", namespace)
        warnings += pod_security.require_allowed(found, {**decoded.sent, "metadata": pod["metadata"]})
        if causes := [*node_causes(pod), *decoded.refused]:
            raise status.invalid("Pod", pod["metadata"].get("name", ""), causes)
        created = identified(pod) if options.dry_run else self._registry.create("pods", pod)
        return json_response(created, 201, warnings=warnings)

    async def delete(self, request: web.Request) -> web.Response:
        options = await delete_options(request)
        return json_response(self.delete_one(self._pod(request), options))

    def delete_one(self, pod: Object, options: DeleteOptions) -> Object:
        """The pod as it is answered. Raises ApiError 409."""
        return delete_pod(self._registry, pod, options)

    async def log(self, request: web.Request) -> web.StreamResponse:
        return await pod_log(request, self._node, self._pod(request))

    async def attach(self, request: web.Request) -> web.StreamResponse:
        return await attach(request, self._node, self._pod(request))

    async def exec(self, request: web.Request) -> web.StreamResponse:
        return await execute(request, self._node, self._pod(request))

    async def forward_ports(self, request: web.Request) -> web.StreamResponse:
        return await forward_ports(request, self._pod(request))

    async def refused_subresource(self, request: web.Request) -> web.Response:
        name = request.match_info["subresource"]
        if name not in _REFUSED:
            raise status.unknown_resource()
        raise status.not_supported(f"pods/{name}")

    def _pod(self, request: web.Request) -> Object:
        return self._registry.get("pods", request.match_info["namespace"], request.match_info["name"])
