"""Answers, held against the document."""

from typing import Any

import jsonschema

from tests.chalicelib.api.gateway import Answer


def check(document: dict[str, Any], operation: tuple[str, str], answer: Answer) -> None:
    """Fails unless the document tells of ``answer``: its status, its headers, and a body with nothing missing and nothing beside."""
    method, path = operation
    responses = document["paths"][path][method.lower()]["responses"]
    assert str(answer.status) in responses, (operation, answer)
    told = responses[str(answer.status)]
    assert {name.lower() for name, header in told.get("headers", {}).items() if header["required"]} <= set(
        answer.headers
    )
    if not told["content"]:
        assert answer.body is None
        return
    schema = {**strict(told["content"]["application/json"]["schema"]), "components": strict(document["components"])}
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.body)


def strict(schema: Any) -> Any:
    """Answers may gain fields, but none that the document of the same version leaves out."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: strict(part) for name, part in schema.items()}
    named = schema.get("type") == "object" and "properties" in schema and "openapi" not in schema["properties"]
    return {"additionalProperties": False, **parts} if named else parts
