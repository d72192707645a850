"""What a pod refers to outside its containers: its own fields, secrets and config maps."""

import base64
from collections.abc import Mapping
from typing import Final

from local.kube.objects import Object
from local.kube.registry import Registry

_SOURCES: Final = {"secrets": "secret", "configmaps": "configmap"}
_KINDS: Final = {"secrets": "Secret", "configmaps": "ConfigMap"}


class MissingReference(Exception):
    """The message is the kubelet's (recorded in ``pods/create-container-config-error*.json``)."""


def entries(
    registry: Registry, resource: str, namespace: str, name: str, *, optional: bool = False
) -> Mapping[str, bytes]:
    """What a secret or a config map holds; empty when it is absent and ``optional``. Raises MissingReference."""
    found = registry.find(resource, namespace, name)
    if found is None:
        if optional:
            return {}
        raise MissingReference(f'{_SOURCES[resource]} "{name}" not found')
    if resource == "secrets":
        return {key: base64.b64decode(value) for key, value in found.get("data", {}).items()}
    plain = {key: value.encode() for key, value in found.get("data", {}).items()}
    return plain | {key: base64.b64decode(value) for key, value in found.get("binaryData", {}).items()}


def entry(registry: Registry, resource: str, namespace: str, reference: Object) -> bytes | None:
    """One key of it; None when it is absent and optional. Raises MissingReference."""
    optional = reference.get("optional", False)
    name, key = reference.get("name", ""), reference["key"]
    found = entries(registry, resource, namespace, name, optional=optional)
    if key not in found and not optional:
        raise MissingReference(f"couldn't find key {key} in {_KINDS[resource]} {namespace}/{name}")
    return found.get(key)


def field(pod: Object, path: str) -> str:
    """The value of ``metadata.labels['key']`` and the like, as text; what is not there is empty."""
    if path.endswith("']"):
        parent, _, key = path[:-2].partition("['")
        return str(_at(pod, parent.split(".")).get(key, ""))
    if path in ("metadata.labels", "metadata.annotations"):
        return "\n".join(f'{key}="{_quoted(value)}"' for key, value in sorted(_at(pod, path.split(".")).items()))
    value = _at({**pod, "status": {"hostIP": "127.0.0.1", "podIP": "127.0.0.1", **pod["status"]}}, path.split("."))
    return str(value or "")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _at(value: Object, path: list[str]) -> Object:
    for name in path:
        value = value.get(name) or {}
    return value
