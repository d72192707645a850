"""As much of OpenAPI v3 as kubectl reads before it creates or applies something: which resources the server validates itself
(``fieldValidation``). The schemas are left out, so ``kubectl explain`` has nothing to tell."""

import hashlib
from typing import Final

from aiohttp import web

from local.kube import status
from local.kube.discovery import GROUPS, resources_of
from local.kube.objects import Object, dumps
from local.kube.resources import Resource
from local.kube.responses import json_response

_PARAMETERS: Final = [
    {"name": name, "in": "query", "schema": {"type": "string"}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


async def root(_: web.Request) -> web.Response:
    """Recorded: JSON under the name of plain text."""
    paths = {f"apis/{group}/v1": group for group in GROUPS} | {"api/v1": ""}
    found = {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(group)}"} for path, group in paths.items()}
    return web.Response(body=dumps({"paths": found}), content_type="text/plain", charset="utf-8")


async def core(_: web.Request) -> web.Response:
    return json_response(_document(""))


async def group(request: web.Request) -> web.Response:
    """Raises PlainError 404."""
    if (name := request.match_info["group"]) not in GROUPS:
        raise status.PlainError(404, "404 page not found\n")
    return json_response(_document(name))


def _hash(group: str) -> str:
    return hashlib.sha256(dumps(_document(group))).hexdigest().upper()


def _document(group: str) -> Object:
    paths: Object = {}
    for resource in resources_of(group):
        namespaced = "/namespaces/{namespace}" if resource.namespaced else ""
        if "patch" in resource.verbs:
            path = f"{resource.root}{namespaced}/{resource.plural}/{{name}}"
            paths[path] = {"patch": _operation(resource)}
    information = {"title": "Kubernetes, as far as the laptop edition has it", "version": "unversioned"}
    return {"openapi": "3.0.0", "info": information, "paths": paths, "components": {"schemas": {}}}


def _operation(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": "v1", "kind": resource.kind}
    return {
        "parameters": _PARAMETERS,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": kind,
    }
