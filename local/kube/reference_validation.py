"""What is wrong with a pod's references: variables and volumes from elsewhere, and probes. No recording has these messages."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from local.kube.names import invalid, required
from local.kube.objects import Object
from local.kube.status import Cause

_FIELDS: Final = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
    "status.podIP",
)  # fmt: skip
_KEYED: Final = re.compile(r"metadata\.(?:labels|annotations)\['[^']+'\]")
_WHOLE: Final = ("metadata.labels", "metadata.annotations")
_ONE_VOLUME: Final = ("emptyDir", "secret", "configMap", "downwardAPI", "projected")


def variable_causes(field: str, variable: Object) -> Iterator[Cause]:
    """``field`` is the variable's path in the pod."""
    origin = variable.get("valueFrom")
    if origin is None:
        return
    where = f"{field}.valueFrom"
    if variable.get("value"):
        yield invalid(where, "", "may not be specified when `value` is not empty")
    if len(origin) != 1:
        yield invalid(where, "", "must specify one of: `fieldRef`, `configMapKeyRef` or `secretKeyRef`")
    for kind, reference in origin.items():
        if kind == "fieldRef":
            yield from _field_causes(f"{where}.fieldRef", reference, ())
        elif not reference.get("key"):
            yield required(f"{where}.{kind}.key")


def volume_causes(field: str, volume: Object) -> Iterator[Cause]:
    """``field`` is the volume's path in the pod."""
    kinds = [kind for kind in _ONE_VOLUME if kind in volume]
    if len(kinds) > 1:
        yield Cause("FieldValueForbidden", f"{field}.{kinds[1]}", "Forbidden: may not specify more than 1 volume type")
    for kind in kinds:
        if kind == "projected":
            for index, source in enumerate(volume[kind].get("sources", ())):
                for part, content in source.items():
                    yield from _source_causes(f"{field}.projected.sources[{index}].{part}", part, content, "name")
        else:
            named = "secretName" if kind == "secret" else "name"
            yield from _source_causes(f"{field}.{kind}", kind, volume[kind], named)


def probe_causes(field: str, probe: Object) -> Iterator[Cause]:
    """``field`` is the probe's path in the pod."""
    handlers = [kind for kind in ("exec", "httpGet", "tcpSocket") if kind in probe]
    if not handlers:
        yield required(field, "must specify a handler type")
    if len(handlers) > 1:
        yield Cause(
            "FieldValueForbidden", f"{field}.{handlers[1]}", "Forbidden: may not specify more than 1 handler type"
        )
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(name, 0) < 0:
            yield invalid(f"{field}.{name}", probe[name], "must be greater than or equal to 0")
    for kind in handlers:
        if kind == "exec" and not probe[kind].get("command"):
            yield required(f"{field}.exec.command")
        elif kind != "exec":
            yield from _port_causes(f"{field}.{kind}.port", probe[kind].get("port"))
    if probe.get("httpGet", {}).get("scheme", "HTTP") != "HTTP":
        why = 'Unsupported value: the laptop edition\'s node probes over "HTTP" alone'
        yield Cause("FieldValueNotSupported", f"{field}.httpGet.scheme", why)


def _port_causes(field: str, port: object) -> Iterator[Cause]:
    """Containers have no named ports here."""
    if type(port) is not int or not 0 < port < 65536:
        yield invalid(field, str(port or ""), "must be between 1 and 65535, inclusive")


def _source_causes(field: str, kind: str, source: Object, named: str) -> Iterator[Cause]:
    if kind == "serviceAccountToken":
        yield from _path_causes(f"{field}.path", source.get("path", ""))
        if source.get("expirationSeconds", 600) < 600:
            yield invalid(
                f"{field}.expirationSeconds",
                source["expirationSeconds"],
                "may not specify a duration less than 10 minutes",
            )
    elif kind == "downwardAPI":
        for index, item in enumerate(source.get("items", ())):
            yield from _path_causes(f"{field}.items[{index}].path", item.get("path", ""))
            yield from _field_causes(f"{field}.items[{index}].fieldRef", item.get("fieldRef", {}), _WHOLE)
    elif kind in ("secret", "configMap"):
        if not source.get(named):
            yield required(f"{field}.{named}")
        for index, item in enumerate(source.get("items", ())):
            if not item.get("key"):
                yield required(f"{field}.items[{index}].key")
            yield from _path_causes(f"{field}.items[{index}].path", item.get("path", ""))


def _path_causes(field: str, path: str) -> Iterator[Cause]:
    if not path:
        yield required(field)
    elif path.startswith("/") or ".." in path.split("/"):
        yield invalid(field, path, "must be a relative path without '..'")


def _field_causes(field: str, reference: Object, more: Sequence[str]) -> Iterator[Cause]:
    path = reference.get("fieldPath", "")
    if not path:
        yield required(f"{field}.fieldPath")
    elif path not in (*_FIELDS, *more) and not _KEYED.fullmatch(path):
        supported = ", ".join(f'"{known}"' for known in (*_FIELDS, *more))
        yield Cause(
            "FieldValueNotSupported",
            f"{field}.fieldPath",
            f'Unsupported value: "{path}": supported values: {supported}',
        )
