"""The few bodies that kubectl sends as protobuf and in no other form: ``auth can-i``, ``create token`` and ``auth whoami``.

Kubernetes' envelope (``k8s`` and a zero byte, then a ``runtime.Unknown``) around messages whose field numbers are those of its
``generated.proto`` files. Answers are always JSON, which these commands accept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from local.kube.objects import Object

CONTENT_TYPE: Final = "application/vnd.kubernetes.protobuf"

_MAGIC: Final = b"k8s\0"
_RAW_FIELD: Final = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Field:
    """``kind`` is "string", "strings" (repeated), "int", or the fields of a message."""

    name: str
    kind: "str | Message"


Message: TypeAlias = Mapping[int, Field]


def _strings(*names: str) -> Message:
    """Fields from 1 on."""
    return {number: Field(name, "string") for number, name in enumerate(names, 1)}


_RESOURCE: Final = _strings("namespace", "verb", "group", "version", "resource", "subresource", "name")
_ACCESS: Final[Message] = {
    1: Field("resourceAttributes", _RESOURCE),
    2: Field("nonResourceAttributes", _strings("path", "verb")),
}
_TOKEN: Final[Message] = {
    1: Field("audiences", "strings"),
    3: Field("boundObjectRef", _strings("kind", "apiVersion", "name", "uid")),
    4: Field("expirationSeconds", "int"),
}
#: The spec of each is its field 2; of the metadata, field 1, nothing counts.
_MESSAGES: Final[Mapping[str, Message]] = {
    "SelfSubjectAccessReview": {2: Field("spec", _ACCESS)},
    "SelfSubjectReview": {},
    "SelfSubjectRulesReview": {2: Field("spec", _strings("namespace"))},
    "TokenRequest": {2: Field("spec", _TOKEN)},
}


def decode(body: bytes, kind: str) -> Object:
    """The object as JSON has it. Raises ValueError."""
    if not body.startswith(_MAGIC) or kind not in _MESSAGES:
        raise ValueError("not one of the messages that are read")
    raw = b"".join(value for number, value in _fields(body[len(_MAGIC) :]) if number == _RAW_FIELD and value)
    return _message(raw, _MESSAGES[kind])


def _message(data: bytes, fields: Message) -> Object:
    found: Object = {}
    for number, value in _fields(data):
        if (field := fields.get(number)) is None:
            continue
        if field.kind == "strings":
            found.setdefault(field.name, []).append(_typed(value, "string"))
        else:
            found[field.name] = _typed(value, field.kind)
    return found


def _typed(value: Any, kind: str | Message) -> Any:
    if kind == "int":
        if not isinstance(value, int):
            raise ValueError("a number was expected")
        return value
    if not isinstance(value, bytes):
        raise ValueError("bytes were expected")  # noqa: TRY004  # the message is malformed, whatever the type
    return value.decode() if kind == "string" else _message(value, kind if isinstance(kind, Mapping) else {})


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value): an int or bytes (https://protobuf.dev/programming-guides/encoding/)."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
        if wire == _BYTES:
            size, position = _varint(data, position)
        if size is None or position + size > len(data):
            raise ValueError("cut short, or of an unknown wire type")
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = 0
    for index in range(10):
        if position + index >= len(data):
            break
        byte = data[position + index]
        result |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return result, position + index + 1
    raise ValueError("a number without an end")
