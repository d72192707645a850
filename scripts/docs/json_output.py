"""The reference of ``--json``, from the schemas that the output is tested against."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from loom.cli.schemas import SCHEMAS, WEAVER

Schema = Mapping[str, Any]


def reference() -> str:
    """Every command with what it prints: as a table, and as JSON Schema."""
    return "\n".join(_section(name, schema) for name, schema in SCHEMAS.items())


def _section(name: str, schema: Schema) -> str:
    heading = f"## loom {name} --json\n\n"
    if schema.get("items") is WEAVER:
        return f"{heading}A list of {schema['description']}. Each is as [`loom new`](#loom-new-json) prints it.\n"
    rows = "\n".join(["| property | type | meaning |", "|---|---|---|", *_rows(schema)])
    text = json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2)
    indented = "".join(f"    {line}\n" for line in f"```json\n{text}\n```".splitlines())
    return f'{heading}{_sentence(schema)}\n\n{rows}\n\n??? note "JSON Schema"\n\n{indented}'


def _sentence(schema: Schema) -> str:
    text = schema["description"]
    return f"{text[:1].upper()}{text[1:]}."


def _rows(schema: Schema, path: str = "") -> Iterator[str]:
    for name, one in schema.get("properties", {}).items():
        where = f"{path}{name}"
        optional = "" if name in schema.get("required", ()) else "; may be missing"
        yield f"| `{where}` | {_type(one)} | {one.get('description', '')}{optional} |"
        items = one.get("items", {})
        yield from _rows(items, f"{where}[].") if items.get("properties") else _rows(one, f"{where}.")


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(kinds)
