"""The OpenAPI 3.1 document, made from the routes, the models and :mod:`.operations`. Imported when somebody asks for it."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from chalicelib import __version__
from chalicelib.api import answers
from chalicelib.api.operations import OPERATIONS, WEAVER_ID, Operation

#: By method, and by path: its view's name and docstring.
Routes = Mapping[str, Mapping[str, Any]]
_SCHEMAS: Final = "#/components/schemas"
_JSON: Final = "application/json"

#: What the frame around the views answers, whatever the request: status, code, what is said.
_FRAME: Final = (
    (413, "body_too_large", "The body is larger than the server takes."),
    (415, "unsupported_media_type", "The body is not said to be JSON."),
    (500, "internal_error", "A mistake of ours; it is in the log."),
)
#: Headers that errors bring, and whether always.
_HEADERS: Final[Mapping[int, tuple[str, str, bool]]] = {
    401: ("WWW-Authenticate", "`Bearer`; API Gateway calls it `x-amzn-Remapped-WWW-Authenticate`.", False),
    426: ("Upgrade", "`websocket`.", True),
    429: ("Retry-After", "Seconds.", True),
    503: ("Retry-After", "Seconds; there when it is safe to repeat the request.", False),
}


class _Schemas(GenerateJsonSchema):
    """pydantic's, but for two habits of its own."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Titles would only repeat the names of fields."""
        return False

    def dict_schema(self, schema: Any) -> dict[str, Any]:
        """Names that do not fit the pattern are refused; pydantic says only what holds for those that do."""
        made = super().dict_schema(schema)
        for pattern, values in made.pop("patternProperties", {}).items():
            made["additionalProperties"] = values
            made["propertyNames"]["pattern"] = pattern
        return made


def document(routes: Routes) -> dict[str, Any]:
    """Everything but ``servers``, which the deployment knows. Raises KeyError for a route without an operation."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Weavers", "version": __version__, "description": _DESCRIPTION, "license": _LICENSE},
        "security": [{"bearer": []}],
        "paths": {
            path: {method.lower(): _operation(method, path, entry) for method, entry in methods.items()}
            for path, methods in routes.items()
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


_DESCRIPTION: Final = (
    "Clean, isolated, shareable places to work. Unknown fields and parameters are refused; times are RFC 3339 in UTC. "
    "Answers may gain fields: ignore those you do not know."
)
_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _operation(method: str, path: str, entry: Any) -> dict[str, Any]:
    told = OPERATIONS[method, path]
    text = " ".join((inspect.getdoc(entry.view_function) or "").replace("``", "`").split())
    parameters = [*([WEAVER_ID] if "{weaver_id}" in path else []), *told.parameters]
    return {
        "operationId": entry.view_function.__name__,
        "summary": text.partition(". ")[0].rstrip("."),
        "description": text,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(told)} if told.body else {}),
        "responses": {str(status): response for status, response in sorted(_responses(told).items())},
        **({} if told.authenticated else {"security": []}),
    }


def _body(told: Operation) -> dict[str, Any]:
    return {"required": told.body_required, "content": _content(told.body)}


def _responses(told: Operation) -> dict[int, dict[str, Any]]:
    answered = {
        status: {"description": text, **_headers(status), "content": _content(model)}
        for status, (text, model) in told.answers.items()
    }
    codes: dict[int, dict[str, str]] = {status: {code: text} for status, code, text in _FRAME}
    for error in told.errors:
        codes.setdefault(error.status, {})[error.code] = (inspect.getdoc(error) or "").replace("``", "`")
    return {status: _error(status, texts) for status, texts in codes.items()} | answered


def _content(model: type[BaseModel] | None) -> dict[str, Any]:
    return {_JSON: {"schema": {"$ref": f"{_SCHEMAS}/{model.__name__}"}}} if model else {}


def _error(status: int, codes: Mapping[str, str]) -> dict[str, Any]:
    code = {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
    schema = {"allOf": [{"$ref": f"{_SCHEMAS}/{answers.Error.__name__}"}, code]}
    told = " ".join(f"`{name}`: {' '.join(text.split())}" for name, text in codes.items())
    return {"description": told, **_headers(status), "content": {_JSON: {"schema": schema}}}


def _headers(status: int) -> dict[str, Any]:
    if status not in _HEADERS:
        return {}
    name, text, always = _HEADERS[status]
    return {"headers": {name: {"description": text, "required": always, "schema": {"type": "string"}}}}


def _schemas() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "validation") for model in _models(OPERATIONS.values())],
        ref_template=f"{_SCHEMAS}/{{model}}",
        schema_generator=_Schemas,
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _models(operations: Iterable[Operation]) -> list[type[BaseModel]]:
    """Each once, in the order of the operations."""
    models: dict[type[BaseModel], None] = {answers.Error: None}
    for told in operations:
        models |= {model: None for model in (told.body, *(model for _, model in told.answers.values())) if model}
    return list(models)
