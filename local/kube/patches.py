"""Patches: JSON merge patch (RFC 7386), JSON patch (RFC 6902), and strategic merge patch as far as it is the same as the first."""

import copy
import json
from typing import Any, Final

from local.kube import status
from local.kube.objects import Object
from local.kube.status import ApiError

MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"

#: Lists that a strategic merge would merge by their items, though they are of scalars.
_MERGED_LISTS: Final = ("finalizers",)
_GO_NAMES: Final = {list: "array", str: "string", int: "number", float: "number", bool: "bool", type(None): "null"}


class _Rejected(Exception):
    """A JSON patch that does not fit the object."""


def patched(content_type: str, body: bytes, old: Object) -> Object:
    """A new object. Raises ApiError 400, 415, 422, 500 (recorded) and 501."""
    match content_type:
        case "application/merge-patch+json":
            return _as_object(merged(old, _decode(body, dict, "map[string]interface {}")))
        case "application/json-patch+json":
            operations = _decode(body, list, "[]handlers.jsonPatchOp")
            try:
                return _as_object(_apply(operations, copy.deepcopy(old)))
            except _Rejected as error:
                message = "the server rejected our request due to an error in our request"
                raise ApiError(422, "Invalid", message, {}) from error
        case "application/strategic-merge-patch+json":
            patch = _decode(body, dict, "map[string]interface {}", prefix="")
            _require_plain(patch)
            return _as_object(merged(old, patch))
        case "application/apply-patch+yaml":
            raise status.not_supported("server-side apply: use create, or a JSON merge patch")
        case _:
            raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386 §2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _decode(body: bytes, wanted: type, go_type: str, prefix: str = "error decoding patch: ") -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise status.bad_request(f"{prefix}unexpected end of JSON input") from error
    if not isinstance(value, wanted):
        named = "object" if isinstance(value, dict) else _GO_NAMES[type(value)]
        raise status.bad_request(f"{prefix}json: cannot unmarshal {named} into Go value of type {go_type}")
    return value


def _as_object(value: Any) -> Object:
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        raise status.bad_request("the patched object is no Kubernetes object")
    return value


def _require_plain(patch: Object) -> None:
    """Maps and lists of scalars a strategic merge treats as the plain one does; lists of objects, and directives, in ways of
    its own. Raises ApiError 500 (recorded) and 501."""
    if "$patch" in patch and patch["$patch"] not in ("replace", "delete", "merge"):
        shown = " ".join(f"{key}:{value}" for key, value in sorted(patch.items()))
        raise ApiError(500, None, f"unknown patch type: {patch['$patch']} in map: map[{shown}]")
    if not _is_plain(patch):
        raise status.not_supported(
            "strategic merge patches of lists of objects, or with directives: use a JSON merge patch"
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        # What an empty list means depends on what it is a list of.
        return bool(value) and not any(isinstance(item, dict | list) for item in value)
    if isinstance(value, dict):
        return all(
            not key.startswith("$") and key not in _MERGED_LISTS and _is_plain(item) for key, item in value.items()
        )
    return True


def _apply(operations: list[Any], document: Any) -> Any:
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise _Rejected
        document = _one(operation, document)
    return document


def _one(operation: Object, document: Any) -> Any:
    path = operation["path"]
    match operation.get("op"):
        case "add":
            return _add(document, _pointer(path), _value(operation))
        case "remove":
            return _remove(document, _pointer(path))
        case "replace":
            _find(document, _pointer(path))
            return _add(_remove(document, _pointer(path)), _pointer(path), _value(operation))
        case "test":
            if not _equal(_find(document, _pointer(path)), _value(operation)):
                raise _Rejected
            return document
        case "copy" | "move" as op:
            source = _pointer(str(operation.get("from", "")))
            value = copy.deepcopy(_find(document, source))
            return _add(_remove(document, source) if op == "move" else document, _pointer(path), value)
        case _:
            raise _Rejected


def _value(operation: Object) -> Any:
    if "value" not in operation:
        raise _Rejected
    return operation["value"]


def _equal(one: Any, other: Any) -> bool:
    # As JSON: true is not 1.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _pointer(path: str) -> list[str]:
    """RFC 6901 §4."""
    if path and not path.startswith("/"):
        raise _Rejected
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _find(document: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(step, len(document) - 1)]
        else:
            raise _Rejected
    return document


def _index(step: str, last: int) -> int:
    if not (step.isascii() and step.isdigit()) or int(step) > last:
        raise _Rejected
    return int(step)


def _add(document: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    parent = _find(document, steps[:-1])
    if isinstance(parent, dict):
        parent[steps[-1]] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if steps[-1] == "-" else _index(steps[-1], len(parent)), value)
    else:
        raise _Rejected
    return document


def _remove(document: Any, steps: list[str]) -> Any:
    _find(document, steps)
    if not steps:
        return None
    parent = _find(document, steps[:-1])
    del parent[int(steps[-1]) if isinstance(parent, list) else steps[-1]]
    return document
