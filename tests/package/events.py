"""Events as AWS hands them over (``tests/recordings/aws``), for requests of ours, and the answers that API Gateway takes."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RECORDINGS = Path(__file__).parents[1] / "recordings" / "aws"
_PROXY = json.loads((_RECORDINGS / "api-gateway-proxy.json").read_text())
#: EventBridge's, of ``rate(1 minute)``.
TICK: dict[str, Any] = json.loads((_RECORDINGS / "scheduled-event.json").read_text())


def request(
    method: str, route: str, body: object = None, *, token: str | None = None, stage: str = "v1", **path: str
) -> dict[str, Any]:
    """API Gateway's event for ``method`` of the resource ``route``, whose ``{names}`` ``path`` gives."""
    event: dict[str, Any] = copy.deepcopy(_PROXY)
    asked = route.format(**path)
    authorization = [f"Bearer {token}"] if token else []
    event.update(resource=route, path=asked, httpMethod=method, pathParameters=path or None)
    event["requestContext"].update(resourcePath=route, path=f"/{stage}{asked}", httpMethod=method, stage=stage)
    event["multiValueHeaders"].update(Authorization=authorization)
    event["headers"].update(Authorization=authorization[0] if authorization else "")
    event["body"] = None if body is None else json.dumps(body)
    return event


@dataclass(frozen=True)
class Answer:
    """``body`` is JSON, None when empty."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @classmethod
    def of(cls, returned: Mapping[str, Any]) -> "Answer":
        """What the function returned. Fails for what API Gateway would not take: it answers 502 then."""
        assert isinstance(returned["statusCode"], int)
        assert isinstance(returned["body"], str)
        assert all(isinstance(text, str) for text in returned["headers"].values())
        body = json.loads(returned["body"]) if returned["body"] else None
        return cls(returned["statusCode"], body, returned["headers"])
