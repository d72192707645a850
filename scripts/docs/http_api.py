"""The HTTP API's reference, from the app's routes, the tree of errors, and a weaver as the API shows it."""

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app import app
from chalicelib.api.rendering import weaver_body
from chalicelib.domain.create_request import CreateRequest, ResourceLimits
from chalicelib.domain.errors import WeaverError
from chalicelib.domain.weaver import Weaver


def endpoints() -> str:
    """Every route of the control plane with what its view says it does."""
    rows = [
        f"| `{method} {path.replace('{weaver_id}', '{id}')}` | {_summary(entry.view_function)} |"
        for path, methods in sorted(app.routes.items())
        for method, entry in sorted(methods.items(), reverse=True)
    ]
    return "\n".join(["| request | answer |", "|---|---|", *rows])


def _summary(view: object) -> str:
    text = inspect.getdoc(view) or ""
    return " ".join(text.split()).replace("``", "`")


def create_fields() -> str:
    """Every field of a create's body, and of ``resources`` in it."""
    inner = {f"resources.{name}": field for name, field in ResourceLimits.model_fields.items()}
    rows = [f"| `{name}` | {field.description} |" for name, field in (CreateRequest.model_fields | inner).items()]
    return "\n".join(["| field | meaning |", "|---|---|", *rows])


def error_codes() -> str:
    """Every code of the tree of errors."""
    rows: dict[str, str] = {}
    for error in _errors(WeaverError):
        told = _summary(error)
        rows[error.code] = (
            f"{rows[error.code]} {told}" if error.code in rows else f"| `{error.code}` | {error.status} | {told}"
        )
    return "\n".join(["| code | HTTP | meaning |", "|---|---|---|", *(f"{row} |" for row in rows.values())])


def _errors(kind: type[WeaverError]) -> Iterator[type[WeaverError]]:
    for error in kind.__subclasses__():
        yield error
        yield from _errors(error)


def weaver_example() -> str:
    """A weaver as JSON."""
    created_at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    stages = {name: created_at + timedelta(seconds=after) for name, after in _STAGES.items()}
    weaver = Weaver(
        id="019ab8f2-1c60-7b3a-8d2e-4f6a9d076076",
        name="tour",
        owner_user_id="you",
        org_id="org-you",
        image="ghcr.io/ghuntley/loom/weaver:latest",
        repo="https://github.com/octocat/hello-world",
        branch=None,
        tags={"team": "blue"},
        created_at=created_at,
        lifetime_hours=4.0,
        expires_at=created_at + timedelta(hours=4),
        status="running",
        stages=stages,
        has_session=True,
    )
    return f"```json\n{json.dumps(weaver_body(weaver), indent=2)}\n```"


_STAGES = {"reserved": 0.0, "scheduled": 0.3, "cloned": 1.1, "pulled": 1.2, "ready": 1.4}
