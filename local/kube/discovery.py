"""What clients ask a server about itself: version, groups, resources."""

import platform
from typing import Final

from aiohttp import web

from local.kube.objects import Object
from local.kube.responses import json_response

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


def _resource(name: str, kind: str, verbs: str, short: str = "", *, namespaced: bool = True) -> Object:
    subresource = "/" in name
    found: Object = {
        "name": name,
        "singularName": "" if subresource else kind.lower(),
        "namespaced": namespaced,
        "kind": kind,
        "verbs": verbs.split(),
    }
    return {**found, "shortNames": [short]} if short else found


RESOURCES: Final[Object] = {
    "kind": "APIResourceList",
    "groupVersion": "v1",
    "resources": [
        _resource("events", "Event", "get list watch", "ev"),
        _resource("namespaces", "Namespace", "create delete get list watch", "ns", namespaced=False),
        {**_resource("pods", "Pod", "create delete get list watch", "po"), "categories": ["all"]},
        _resource("pods/attach", "PodAttachOptions", "create get"),
        _resource("pods/log", "Pod", "get"),
    ],
}


async def version(_: web.Request) -> web.Response:
    return json_response(VERSION)


async def healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def api(request: web.Request) -> web.Response:
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": request.host}]
    return json_response({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})


async def apis(_: web.Request) -> web.Response:
    return json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})


async def api_v1(_: web.Request) -> web.Response:
    return json_response(RESOURCES)
