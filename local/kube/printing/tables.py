"""Objects as Tables (https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from local.kube.objects import Object, utc_now
from local.kube.printing import columns, pods
from local.kube.printing.columns import AGE, NAME, Column
from local.kube.printing.durations import age
from local.kube.printing.partial import partial_metadata

_RBAC: Final = "rbac.authorization.k8s.io"

#: The cells of one object.
Cells = Callable[[Object, datetime], list[Any]]


def table(resource: str, found: Sequence[Object], metadata: Object, include_object: str) -> Object:
    """``include_object`` is None, Metadata or Object, as the query parameter says."""
    defined, cells = _PRINTERS.get(resource, ((NAME, AGE), _name_and_age))
    rows = [_row(resource, one, cells, include_object) for one in found]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [column.to_object() for column in defined],
        "rows": rows,
    }


def _row(resource: str, found: Object, cells: Cells, include_object: str) -> Object:
    row: Object = {"cells": cells(found, utc_now())}
    if resource == "pods" and (conditions := pods.conditions(found)):
        row["conditions"] = conditions
    match include_object:
        case "None":
            row["object"] = None
        case "Object":
            row["object"] = found
        case _:
            row["object"] = partial_metadata(found)
    return row


def _age(found: Object, now: datetime) -> str:
    return age(found["metadata"].get("creationTimestamp"), now)


def _name_and_age(found: Object, now: datetime) -> list[Any]:
    return [found["metadata"]["name"], _age(found, now)]


def _namespace(found: Object, now: datetime) -> list[Any]:
    return [found["metadata"]["name"], found["status"]["phase"], _age(found, now)]


def _node(found: Object, now: datetime) -> list[Any]:
    status = found["status"]
    ready = next((one["status"] for one in status["conditions"] if one["type"] == "Ready"), "Unknown")
    addresses = {one["type"]: one["address"] for one in status["addresses"]}
    info = status["nodeInfo"]
    return [
        found["metadata"]["name"],
        {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown"),
        pods.NONE,
        _age(found, now),
        info["kubeletVersion"],
        addresses.get("InternalIP", pods.NONE),
        addresses.get("ExternalIP", pods.NONE),
        info["osImage"],
        info["kernelVersion"],
        info["containerRuntimeVersion"],
    ]


def _event(found: Object, now: datetime) -> list[Any]:
    first = age(found.get("firstTimestamp") or found.get("eventTime"), now)
    last = age(found["lastTimestamp"], now) if found.get("lastTimestamp") else first
    about, source = found.get("involvedObject", {}), found.get("source") or {}
    component = source.get("component") or found.get("reportingComponent", "")
    instance = source.get("host") or found.get("reportingInstance", "")
    return [
        last,
        found.get("type", ""),
        found.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        f"{component}, {instance}" if instance else component,
        found.get("message", "").strip(),
        first,
        found.get("count") or 1,
        found["metadata"]["name"],
    ]


def _secret(found: Object, now: datetime) -> list[Any]:
    return [found["metadata"]["name"], found.get("type", ""), len(found.get("data", ())), _age(found, now)]


def _config_map(found: Object, now: datetime) -> list[Any]:
    size = len(found.get("data", ())) + len(found.get("binaryData", ()))
    return [found["metadata"]["name"], size, _age(found, now)]


def _service_account(found: Object, now: datetime) -> list[Any]:
    return [found["metadata"]["name"], len(found.get("secrets", ())), _age(found, now)]


def _network_policy(found: Object, now: datetime) -> list[Any]:
    selected = found.get("spec", {}).get("podSelector", {}).get("matchLabels", {})
    shown = ",".join(f"{key}={value}" for key, value in selected.items()) or pods.NONE
    return [found["metadata"]["name"], shown, _age(found, now)]


def _role(found: Object, _: datetime) -> list[Any]:
    return [found["metadata"]["name"], found["metadata"]["creationTimestamp"]]


def _binding(found: Object, now: datetime) -> list[Any]:
    role = found["roleRef"]
    return [found["metadata"]["name"], f"{role.get('kind', '')}/{role.get('name', '')}", _age(found, now)]


_PRINTERS: Final[Mapping[str, tuple[Sequence[Column], Cells]]] = {
    "configmaps": (columns.CONFIG_MAPS, _config_map),
    "events": (columns.EVENTS, _event),
    "namespaces": (columns.NAMESPACES, _namespace),
    "nodes": (columns.NODES, _node),
    "pods": (columns.PODS, pods.cells),
    "secrets": (columns.SECRETS, _secret),
    "serviceaccounts": (columns.SERVICE_ACCOUNTS, _service_account),
    "networkpolicies.networking.k8s.io": (columns.NETWORK_POLICIES, _network_policy),
    f"clusterroles.{_RBAC}": (columns.ROLES, _role),
    f"roles.{_RBAC}": (columns.ROLES, _role),
    f"clusterrolebindings.{_RBAC}": (columns.BINDINGS, _binding),
    f"rolebindings.{_RBAC}": (columns.BINDINGS, _binding),
}
