"""From the body of a request to an object whose fields exist and have their types (:mod:`local.kube.schema`)."""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from local.kube import quantity, status, yaml_bodies
from local.kube.objects import Object
from local.kube.schema import ListOf, MapOf, Scalar, Struct, Type, go_type
from local.kube.status import ApiError, Cause

REFUSED: Final = "Forbidden: the laptop edition's pod API server does not support this field"

_JSON_NAMES: Final = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
_SCALARS: Final[dict[Scalar, type]] = {"string": str, "bool": bool, "int32": int, "int64": int, "int-or-string": int}
_LIMITS: Final[dict[Scalar, int]] = {"int32": 2**31, "int64": 2**63, "int-or-string": 2**31}
#: Kinds that Kubernetes knows in the same group and version, and so cannot convert instead of not knowing them.
_CORE_KINDS: Final = ("ConfigMap", "Event", "Namespace", "Node", "Pod", "Secret", "Service", "ServiceAccount")
#: What says nothing: a refused field may have these values.
_EMPTY: Final[tuple[Any, ...]] = (None, False, "", 0, [], {})


@dataclass(slots=True)
class Decoded:
    """``sent`` is the body as it came; ``unknown`` has the paths of fields that do not exist, ``refused`` a cause for each
    field that is not supported."""

    object: Object = field(default_factory=dict)
    sent: Object = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    refused: list[Cause] = field(default_factory=list)


def decode(kind: Struct, content_type: str, body: bytes) -> Decoded:
    """The object in ``body``, without fields that are null or unknown. Raises ApiError 400 and 415."""
    if content_type not in ("application/json", "application/octet-stream", "application/yaml"):
        # No Content-Type at all, which aiohttp calls octet-stream, is JSON to Kubernetes.
        accepted = "accepted media types include: application/json, application/yaml"
        message = f"the body of the request was in an unknown format - {accepted}"
        raise ApiError(415, "UnsupportedMediaType", message)
    value = _from_yaml(kind, body) if content_type == "application/yaml" else _parse(kind, body)
    return decode_value(kind, value)


def decode_value(kind: Struct, value: Object) -> Decoded:
    """As :func:`decode`, of a body that was read already. Raises ApiError 400."""
    _require_kind(kind, value)
    decoded = Decoded(sent=value)
    try:
        decoded.object = _Decoder(decoded).struct(kind, value, "")
    except ValueError as error:
        raise _cannot_be_handled(value.get("kind") or kind.name, kind.version, kind, str(error)) from error
    return decoded


def require_strict(kind: Struct, decoded: Decoded) -> None:
    """Raises ApiError 400 when there were unknown fields (``fieldValidation=Strict``)."""
    if decoded.unknown:
        listed = ", ".join(f'unknown field "{path}"' for path in decoded.unknown)
        raise _cannot_be_handled(kind.name, kind.version, kind, f"strict decoding error: {listed}")


def warnings(decoded: Decoded) -> list[str]:
    """Values of ``Warning`` headers, one a field (RFC 9111 §5.5 in Kubernetes' form)."""
    # A header is one line of printable text, whatever the field is called.
    paths = [re.sub(r'[^ -~]|["\\]', "?", path) for path in decoded.unknown]
    return [f'299 - "unknown field \\"{path}\\""' for path in paths]


def _parse(kind: Struct, body: bytes) -> Object:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _unrecognized(kind, _go_syntax_error(body), body) from error
    if not isinstance(value, dict):
        target = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
        why = f"json: cannot unmarshal {_JSON_NAMES.get(type(value), 'null')} into Go value of type {target}"
        raise _unrecognized(kind, why, body)
    return value


def _go_syntax_error(body: bytes) -> str:
    """Go's words for the two usual cases: the text ends early, or never was JSON."""
    text = body.decode(errors="replace").strip()
    if text and text[0] not in '{["-0123456789tfn':
        return f"invalid character '{text[0]}' looking for beginning of value"
    return "unexpected end of JSON input"


def _from_yaml(kind: Struct, body: bytes) -> Object:
    try:
        value = yaml_bodies.load(body)
    except ValueError as error:
        raise _unrecognized(kind, str(error), body) from error
    if not isinstance(value, dict):
        raise _unrecognized(kind, "the document is no mapping", body)
    return value


def _unrecognized(kind: Struct, why: str, body: bytes) -> ApiError:
    if not body:
        shown = "<empty>"
    elif body.startswith(b"{"):
        text = body.decode(errors="replace")
        shown = text if len(text) <= 30 else f"{text[:30]} ..."
    else:
        shown = body[:30].hex()
    return status.bad_request(
        f"the object provided is unrecognized (must be of type {kind.name}): couldn't get version/kind;"
        f" json parse error: {why} ({shown})"
    )


def _require_kind(kind: Struct, value: Object) -> None:
    """A body may leave kind and apiVersion out (recorded), but not say others."""
    said, version = value.get("kind") or kind.name, value.get("apiVersion") or kind.version
    if said in _CORE_KINDS and version == "v1" and kind.version == "v1" and said != kind.name:
        why = f"converting (v1.{said}) to (core.{kind.name}): unknown conversion"
        raise _cannot_be_handled(said, version, kind, why)
    if (said, version) != (kind.name, kind.version):
        why = f'no kind "{said}" is registered for version "{version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        raise _cannot_be_handled(said, version, kind, why)


def _cannot_be_handled(said: object, version: str, kind: Struct, why: str) -> ApiError:
    return status.bad_request(f'{said} in version "{version}" cannot be handled as a {kind.name}: {why}')


class _Decoder:
    """Raises ValueError for a value of a wrong type, in the words of Go's decoder."""

    def __init__(self, decoded: Decoded) -> None:
        self._decoded = decoded

    def struct(self, kind: Struct, value: Object, path: str) -> Object:
        result: Object = {}
        for name, item in value.items():
            where = f"{path}.{name}" if path else name
            if name in kind.refused:
                if item not in _EMPTY:
                    self._decoded.refused.append(Cause("FieldValueForbidden", where, REFUSED))
            elif name not in kind.fields:
                self._decoded.unknown.append(where)
            elif item is not None and kind.fields[name] != "dropped":
                result[name] = self._value(kind.fields[name], item, where, kind)
        return result

    def _value(self, kind: Type, value: Any, path: str, owner: Struct) -> Any:
        if isinstance(kind, Struct):
            return self.struct(kind, _expect(dict, kind, value, path, owner), path)
        if isinstance(kind, ListOf):
            items = _expect(list, kind, value, path, owner)
            inner = kind.item if isinstance(kind.item, Struct) else owner
            return [self._value(kind.item, item, f"{path}[{index}]", inner) for index, item in enumerate(items)]
        if isinstance(kind, MapOf):
            entries = _expect(dict, kind, value, path, owner)
            return {_text(key): self._value(kind.value, item, path, owner) for key, item in entries.items()}
        if kind == "quantity":
            return _quantity(value)
        if kind == "bytes":
            return _base64(_expect(str, "string", value, path, owner))
        if kind == "int-or-string" and type(value) is str:
            return _text(value)
        scalar = _expect(_SCALARS[kind], kind, value, path, owner)
        return _text(scalar) if kind == "string" else scalar


def _expect(python_type: type, kind: Type, value: Any, path: str, owner: Struct) -> Any:
    limit = _LIMITS.get(kind) if isinstance(kind, str) else None
    # A bool is an int to isinstance, and not to Kubernetes.
    fits = limit is None or (type(value) is int and -limit <= value < limit)
    if type(value) is python_type and fits:
        return value
    named = _JSON_NAMES.get(type(value), "null")
    if named == "number" and limit is not None:
        named = f"number {value}"
    bare = re.sub(r"\[\d+\]", "", path)
    raise ValueError(f"json: cannot unmarshal {named} into Go struct field {owner.name}.{bare} of type {go_type(kind)}")


def _text(value: str) -> str:
    """``value`` without lone surrogates, which JSON can spell and UTF-8 cannot, as Go's decoder reads it."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not value.isascii() else value


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"illegal base64 data: {error}") from error
    return value


def _quantity(value: Any) -> str:
    if type(value) not in (str, int, float):
        raise ValueError(f"quantities must match the regular expression '{quantity.PATTERN}'")
    quantity.parse_quantity(value)
    return str(value)
