"""What a request is about: verb, resource and name, read from method and path as Kubernetes reads them
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from local.kube.options import boolean

_VERBS: Final = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_MANY: Final = {"get": "list", "delete": "deletecollection"}
_NAMESPACE_SUBRESOURCES: Final = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """``resource`` is empty for what is no resource; ``path`` counts then. ``namespace`` is empty at the cluster's scope."""

    verb: str
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def request_info(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """``path`` as it was sent, escapes and all: what is escaped does not part, here as in the routes."""
    verb = _VERBS.get(method, method.lower())
    parts = [unquote(part) for part in path.split("/") if part]
    group, rest = _group(parts)
    if not rest:
        return RequestInfo(verb, path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    resource, name, subresource = (*rest[:3], "", "")[:3]
    if not name:
        verb = "watch" if verb == "get" and boolean(query, "watch") else _OF_MANY.get(verb, verb)
        name = _selected_name(query.get("fieldSelector", "")) if verb != "create" else ""
    return RequestInfo(verb, path, group, resource, subresource, namespace, name)


def _group(parts: list[str]) -> tuple[str, list[str]]:
    """The group, and what follows its version."""
    if parts[:1] == ["api"]:
        return "", parts[2:]
    if parts[:1] == ["apis"] and len(parts) > 3:
        return parts[1], parts[3:]
    return "", []


def _selected_name(field_selector: str) -> str:
    """A list of one object by its name is about that name."""
    for part in field_selector.split(","):
        field, _, value = part.replace("==", "=").partition("=")
        if field == "metadata.name":
            return value
    return ""
