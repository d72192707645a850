"""List, watch, get and delete-collection, which are the same for every resource."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from local.kube.bodies import delete_options
from local.kube.lists import Selection, list_objects, require_reached, typed
from local.kube.objects import Object
from local.kube.options import DeleteOptions, ListOptions, bad_list_version, resource_version
from local.kube.printing.forms import wanted
from local.kube.registry import Registry
from local.kube.responses import json_response
from local.kube.watch import watch

#: Deletes one object, as a DELETE of it would.
Delete = Callable[[Object, DeleteOptions], Object]


class Collections:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def list(self, resource: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            form, options = wanted(request), ListOptions.of(request.query)
            selection = Selection.of(resource, request.match_info.get("namespace"), options)
            if options.watch:
                return await watch(request, self._registry, selection, options, form)
            return json_response(form.many(resource, list_objects(self._registry, selection, options)))

        return handle

    def get(self, resource: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            form = wanted(request)
            try:
                require_reached(self._registry, resource_version(request.query.get("resourceVersion", "")))
            except ValueError as error:
                raise bad_list_version(error) from error
            namespace = request.match_info.get("namespace", "")
            found = self._registry.get(resource, namespace, request.match_info["name"])
            return json_response(form.one(resource, typed(resource, found)))

        return handle

    def delete(self, resource: str, delete: Delete) -> Handler:
        """What the selectors select; the answer lists it as it was before."""

        async def handle(request: web.Request) -> web.StreamResponse:
            options, how = ListOptions.of(request.query), await delete_options(request)
            selection = Selection.of(resource, request.match_info.get("namespace"), options)
            listed = list_objects(self._registry, selection, options)
            for item in listed["items"]:
                metadata = item["metadata"]
                delete(self._registry.get(resource, metadata.get("namespace", ""), metadata["name"]), how)
            return json_response(listed)

        return handle
