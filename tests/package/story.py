"""A weaver from creation to deletion, by every route that there is for it."""

from typing import Any

from tests.package.events import request
from tests.package.functions import Function, Package

#: Of a registry that no cluster can reach: the weaver stays pending, and runs nothing here.
BODY = {"image": "registry.invalid/tools:1", "lifetime_hours": 1, "attach": "driver"}
#: Method, resource, body, who asks, and the status of the answer.
STORY: list[tuple[str, str, Any, str | None, int]] = [
    ("GET", "/health", None, None, 200),
    ("GET", "/openapi.json", None, None, 200),
    ("GET", "/.well-known/jwks.json", None, None, 200),
    ("POST", "/api/weaver", BODY, "alice", 201),
    ("GET", "/api/weavers", None, "alice", 200),
    ("GET", "/api/weaver/{weaver_id}", None, "alice", 200),
    ("POST", "/api/weaver/{weaver_id}/extend", {"lifetime_hours": 2}, "alice", 200),
    ("POST", "/api/weaver/{weaver_id}/ticket", {"action": "attach"}, "alice", 200),
    ("GET", "/api/weaver/{weaver_id}/attach", None, "alice", 426),
    ("POST", "/api/weavers/cleanup", {"dry_run": True}, "root", 200),
    ("DELETE", "/api/weaver/{weaver_id}", None, "alice", 204),
]


def tell(packaged: Package, function: Function, name: str) -> None:
    """Of a weaver with this name. Fails where an answer has another status."""
    for method, route, body, token, status in STORY:
        path = {"weaver_id": name} if "{" in route else {}
        sent = {**body, "name": name} if body is BODY else body
        answer = function.ask(packaged.handler("APIHandler"), request(method, route, sent, token=token, **path))
        assert answer.status == status, (answer, function.log.read_text())
