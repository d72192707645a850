"""One request for each operation that is answered when all is well, by a system admin who may do everything."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.weaver import Weaver
from tests.chalicelib.api.gateway import Answer, Gateway

Ask = Callable[[Gateway, Weaver], Answer]


def _ask(method: str, path: str, **more: Any) -> Ask:
    return lambda gateway, made: gateway(method, path, token="root", reference=made.id, **more)


#: By method, and path as Chalice routes it.
GOOD: dict[tuple[str, str], Ask] = {
    ("POST", "/api/weaver"): _ask("POST", "/api/weaver", body={"attach": "driver", "name": "new"}),
    ("GET", "/api/weavers"): _ask("GET", "/api/weavers", query={"org": ["org-alice"]}),
    ("GET", "/api/weaver/{weaver_id}"): _ask("GET", "/api/weaver/{id}", query={"refresh": ["true"]}),
    ("DELETE", "/api/weaver/{weaver_id}"): _ask("DELETE", "/api/weaver/{id}"),
    ("POST", "/api/weaver/{weaver_id}/extend"): _ask("POST", "/api/weaver/{id}/extend", body={"lifetime_hours": 8}),
    ("POST", "/api/weaver/{weaver_id}/ticket"): _ask("POST", "/api/weaver/{id}/ticket"),
    ("GET", "/api/weaver/{weaver_id}/attach"): _ask("GET", "/api/weaver/{id}/attach"),
    ("POST", "/api/weavers/cleanup"): _ask("POST", "/api/weavers/cleanup"),
    ("GET", "/health"): _ask("GET", "/health"),
    ("GET", "/openapi.json"): _ask("GET", "/openapi.json"),
    ("GET", "/.well-known/jwks.json"): _ask("GET", "/.well-known/jwks.json"),
}
