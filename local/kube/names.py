"""Rules for names, label keys and values (k8s.io/apimachinery ``validation``), in Kubernetes' own words.

Each function returns what is wrong, as messages to put after ``Invalid value: "…": ``.
"""

import re
from collections.abc import Mapping
from typing import Final

from local.kube.status import Cause

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE: Final = f"({_QUALIFIED})?"
_ANNOTATIONS_LIMIT: Final = 256 * 1024


def dns_subdomain(name: str) -> list[str]:
    """RFC 1123 subdomain: the names of most objects."""
    wrong = ["must be no more than 253 characters"] if len(name) > 253 else []
    if not re.fullmatch(_SUBDOMAIN, name):
        wrong.append(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start"
            f" and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
        )
    return wrong


def dns_label(name: str) -> list[str]:
    """RFC 1123 label: containers, volumes, namespaces."""
    wrong = ["must be no more than 63 bytes"] if len(name) > 63 else []
    if not re.fullmatch(_LABEL, name):
        wrong.append(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end"
            f" with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
        )
    return wrong


def path_segment(name: str) -> list[str]:
    """The names of roles and bindings: whatever can stand in a path."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in name]


def qualified_name(key: str) -> list[str]:
    """Keys of labels and annotations: an optional prefix, a slash, a name."""
    prefix, slash, name = key.rpartition("/")
    wrong = []
    if slash:
        wrong += [f"prefix part {why}" for why in (dns_subdomain(prefix) if prefix else ["must be non-empty"])]
    if not name:
        wrong.append("name part must be non-empty")
    elif len(name) > 63:
        wrong.append("name part must be no more than 63 bytes")
    if not re.fullmatch(_QUALIFIED, name):
        wrong.append(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
            f" character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
        )
    return wrong


def label_value(value: str) -> list[str]:
    wrong = ["must be no more than 63 bytes"] if len(value) > 63 else []
    if not re.fullmatch(_VALUE, value):
        wrong.append(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start"
            " and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for"
            f" validation is '{_VALUE}')"
        )
    return wrong


def invalid(field: str, value: object, why: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown}: {why}")


def required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def label_causes(labels: Mapping[str, str]) -> list[Cause]:
    causes = []
    for key, value in labels.items():
        causes += [invalid("metadata.labels", key, why) for why in qualified_name(key)]
        causes += [invalid("metadata.labels", value, why) for why in label_value(value)]
    return causes


def annotation_causes(annotations: Mapping[str, str]) -> list[Cause]:
    field = "metadata.annotations"
    causes = [invalid(field, key, why) for key in annotations for why in qualified_name(key.lower())]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _ANNOTATIONS_LIMIT:
        causes.append(Cause("FieldValueTooLong", field, f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"))
    return causes
