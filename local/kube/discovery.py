"""What clients ask a server about itself: version, groups, resources, in the plain and in the aggregated form.

Only what this server has is listed, so that clients learn from discovery what they need not try.
"""

import hashlib
import platform
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from local.kube import status
from local.kube.objects import Object, dumps
from local.kube.resources import RESOURCES, REVIEWS, Resource, Subresource
from local.kube.responses import json_response, media_ranges

#: The version whose answers were recorded, marked as ours the way distributions mark theirs.
VERSION: Final[Object] = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2+loom.laptop",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-11-23T00:00:00Z",
    "goVersion": "",
    "compiler": "python",
    "platform": f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }",
}

_AGGREGATED: Final = {"as": "APIGroupDiscoveryList", "g": "apidiscovery.k8s.io", "v": "v2"}
_AGGREGATED_TYPE: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

#: In the order in which Kubernetes lists them.
GROUPS: Final = ("authentication.k8s.io", "authorization.k8s.io", "networking.k8s.io", "rbac.authorization.k8s.io")


def resources_of(group: str) -> list[Resource]:
    found = [resource for resource in (*RESOURCES.values(), *REVIEWS) if resource.group == group]
    return sorted(found, key=lambda resource: resource.plural)


async def version(_: web.Request) -> web.Response:
    return json_response(VERSION)


async def healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def api(request: web.Request) -> web.Response:
    if _wants_aggregated(request):
        return _aggregated(request, [""])
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": request.host}]
    return json_response({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})


async def apis(request: web.Request) -> web.Response:
    if _wants_aggregated(request):
        return _aggregated(request, GROUPS)
    groups = [_group(name) for name in GROUPS]
    return json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})


async def api_v1(_: web.Request) -> web.Response:
    return json_response(_resource_list(""))


async def group(request: web.Request) -> web.Response:
    """Raises PlainError 404."""
    return json_response({"kind": "APIGroup", "apiVersion": "v1", **_group(_known_group(request))})


async def group_v1(request: web.Request) -> web.Response:
    """Raises PlainError 404."""
    return json_response(_resource_list(_known_group(request)))


def _known_group(request: web.Request) -> str:
    name = request.match_info["group"]
    if name not in GROUPS:
        raise status.PlainError(404, "404 page not found\n")
    return name


def _group(name: str) -> Object:
    only = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [only], "preferredVersion": only}


def _resource_list(name: str) -> Object:
    entries = [entry for resource in resources_of(name) for entry in _entries(resource)]
    version = {"apiVersion": "v1"} if name else {}  # recorded: the oldest group leaves it out
    return {
        "kind": "APIResourceList",
        **version,
        "groupVersion": f"{name}/v1" if name else "v1",
        "resources": entries,
    }


def _entries(resource: Resource) -> list[Object]:
    """The resource's own, and its subresources'."""
    found: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **_short(resource),
    }
    return [found, *(_subresource_entry(resource, subresource) for subresource in resource.subresources)]


def _subresource_entry(resource: Resource, subresource: Subresource) -> Object:
    group = {"group": subresource.kind_group, "version": "v1"} if subresource.kind_group else {}
    return {
        "name": f"{resource.plural}/{subresource.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        **group,
        "kind": subresource.kind,
        "verbs": list(subresource.verbs),
    }


def _short(resource: Resource) -> Object:
    found: Object = {}
    if resource.short_names:
        found["shortNames"] = list(resource.short_names)
    if resource.categories:
        found["categories"] = list(resource.categories)
    return found


def _wants_aggregated(request: web.Request) -> bool:
    """Whether the client takes the aggregated form before the plain one."""
    for _, parameters in media_ranges(request):
        if not parameters or parameters == _AGGREGATED:
            return bool(parameters)
    return False


def _aggregated(request: web.Request, groups: Sequence[str]) -> web.Response:
    items = [{"metadata": {"name": name} if name else {}, "versions": [_version(name)]} for name in groups]
    found = {"kind": _AGGREGATED["as"], "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    body = dumps(found)
    headers = {
        "Content-Type": _AGGREGATED_TYPE,
        "Cache-Control": "public",
        "ETag": f'"{hashlib.sha512(body).hexdigest().upper()}"',
        "Vary": "Accept",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def _version(group: str) -> Object:
    return {
        "version": "v1",
        "resources": [_aggregated_resource(resource) for resource in resources_of(group)],
        "freshness": "Current",
    }


def _aggregated_resource(resource: Resource) -> Object:
    found: Object = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": list(resource.verbs),
        **_short(resource),
    }
    subresources = [
        {
            "subresource": subresource.name,
            "responseKind": {
                "group": subresource.kind_group,
                "version": "v1" if subresource.kind_group else "",
                "kind": subresource.kind,
            },
            "verbs": list(subresource.verbs),
        }
        for subresource in resource.subresources
    ]
    return {**found, "subresources": subresources} if subresources else found
