"""What makes a pod invalid: Kubernetes' rules for the fields that weavers use, and what the laptop's node cannot do.

The causes come in Kubernetes' order and words (``tests/recordings/kubernetes/errors/422-*.json``).
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Final

from local.kube.names import annotation_causes, dns_label, dns_subdomain, invalid, label_causes, required
from local.kube.objects import Object
from local.kube.quantity import parse_quantity
from local.kube.reference_validation import probe_causes, variable_causes, volume_causes
from local.kube.status import ApiError, Cause, forbidden

_MAX_INT32: Final = 2**31 - 1
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
_MESSAGE_POLICIES: Final = ("FallbackToLogsOnError", "File")
_DNS_POLICIES: Final = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")


def require_admission(pod: Object, accounts: Container[str]) -> None:
    """What Kubernetes' admission refuses before validation. ``accounts`` are the service accounts of the namespace, of which
    ``default`` may not be there yet. Raises ApiError 403."""
    name, namespace, spec = pod["metadata"].get("name", ""), pod["metadata"]["namespace"], pod["spec"]
    account = spec["serviceAccountName"]
    if account != "default" and account not in accounts:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    elif spec.get("priorityClassName"):
        why = f"no PriorityClass with name {spec['priorityClassName']} was found"
    else:
        return
    raise _forbidden(name, why)


def _forbidden(name: str, why: str) -> ApiError:
    return forbidden(f'pods "{name}" is forbidden: {why}', {"name": name, "kind": "pods"})


def pod_causes(pod: Object) -> list[Cause]:
    """Everything that is wrong with a pod that already has its defaults."""
    return [*metadata_causes(pod["metadata"], dns_subdomain), *_spec_causes(pod["spec"])]


def node_causes(pod: Object) -> Iterator[Cause]:
    """What is right in Kubernetes, and more than the laptop's node can do."""
    spec = pod["spec"]
    if spec["restartPolicy"] != "Never":
        why = f'Unsupported value: "{spec["restartPolicy"]}": the laptop edition\'s node restarts nothing: use "Never"'
        yield Cause("FieldValueNotSupported", "spec.restartPolicy", why)
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind, ())):
            for mount_index, mount in enumerate(container.get("volumeMounts", ())):
                path, field = mount["mountPath"], f"spec.{kind}[{index}].volumeMounts[{mount_index}].mountPath"
                if not path.startswith("/") or ".." in path.split("/"):
                    yield invalid(field, path, "the laptop edition's node needs an absolute path without '..'")


def namespace_causes(namespace: Object) -> list[Cause]:
    return metadata_causes(namespace["metadata"], dns_label)


def metadata_causes(metadata: Object, name_rule: Callable[[str], list[str]]) -> list[Cause]:
    """Name by ``name_rule``, labels and annotations."""
    name = metadata.get("name", "")
    if name:
        causes = [invalid("metadata.name", name, why) for why in name_rule(name)]
    else:
        causes = [required("metadata.name", "name or generateName is required")]
    return [
        *causes,
        *label_causes(metadata.get("labels", {})),
        *annotation_causes(metadata.get("annotations", {})),
    ]


def _spec_causes(spec: Object) -> Iterator[Cause]:
    volumes = spec.get("volumes", [])
    yield from _volume_causes(volumes)
    yield from _containers_causes(spec, {volume.get("name") for volume in volumes})
    yield from _one_of("spec.restartPolicy", spec["restartPolicy"], _RESTART_POLICIES)
    yield from _one_of("spec.dnsPolicy", spec["dnsPolicy"], _DNS_POLICIES)
    yield from _range("spec.activeDeadlineSeconds", spec.get("activeDeadlineSeconds"), 1)
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        yield from _range(f"spec.securityContext.{name}", spec["securityContext"].get(name), 0)


def _volume_causes(volumes: Sequence[Object]) -> Iterator[Cause]:
    for index, (volume, seen) in enumerate(_with_earlier_names(volumes)):
        yield from _name_causes(f"spec.volumes[{index}].name", volume.get("name", ""), seen)
        yield from volume_causes(f"spec.volumes[{index}]", volume)
        size = volume.get("emptyDir", {}).get("sizeLimit")
        if size is not None and parse_quantity(size) < 0:
            field = f"spec.volumes[{index}].emptyDir.sizeLimit"
            yield Cause("FieldValueForbidden", field, "Forbidden: SizeLimit field must be a valid resource quantity")


def _containers_causes(spec: Object, volumes: set[str]) -> Iterator[Cause]:
    containers, init = spec.get("containers", []), spec.get("initContainers", [])
    if not containers:
        yield required("spec.containers")
    names: set[str] = set()
    for kind, group in (("containers", containers), ("initContainers", init)):
        for index, container in enumerate(group):
            field, name = f"spec.{kind}[{index}]", container.get("name", "")
            yield from _name_causes(f"{field}.name", name, names)
            names.add(name)
            yield from _container_causes(field, container, volumes)


def _container_causes(field: str, container: Object, volumes: set[str]) -> Iterator[Cause]:
    image = container.get("image", "")
    if not image:
        yield required(f"{field}.image")
    elif image != image.strip():
        yield invalid(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from _one_of(f"{field}.terminationMessagePolicy", container["terminationMessagePolicy"], _MESSAGE_POLICIES)
    yield from _env_causes(field, container.get("env", []))
    if "readinessProbe" in container:
        yield from probe_causes(f"{field}.readinessProbe", container["readinessProbe"])
    yield from _mount_causes(field, container.get("volumeMounts", []), volumes)
    yield from _one_of(f"{field}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    yield from _resource_causes(f"{field}.resources", container["resources"])
    for name in ("runAsUser", "runAsGroup"):
        yield from _range(f"{field}.securityContext.{name}", container.get("securityContext", {}).get(name), 0)


def _env_causes(field: str, env: Sequence[Object]) -> Iterator[Cause]:
    why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
    for index, variable in enumerate(env):
        name = variable.get("name", "")
        if not name:
            yield required(f"{field}.env[{index}].name")
        elif not re.fullmatch(r"[ -<>-~]+", name):
            yield invalid(f"{field}.env[{index}].name", name, why)
        yield from variable_causes(f"{field}.env[{index}]", variable)


def _mount_causes(field: str, mounts: Sequence[Object], volumes: set[str]) -> Iterator[Cause]:
    paths: set[str] = set()
    for index, mount in enumerate(mounts):
        where, name, path = f"{field}.volumeMounts[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{where}.name")
        elif name not in volumes:
            yield Cause("FieldValueNotFound", f"{where}.name", f'Not found: "{name}"')
        if not path:
            yield required(f"{where}.mountPath")
        elif path in paths:
            yield invalid(f"{where}.mountPath", path, "must be unique")
        paths.add(path)


def _resource_causes(field: str, resources: Object) -> Iterator[Cause]:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            if parse_quantity(amount) < 0:
                yield invalid(f"{field}.{kind}[{name}]", amount, "must be greater than or equal to 0")
    for name, limit in limits.items():
        if name in requests and parse_quantity(requests[name]) > parse_quantity(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield invalid(f"{field}.requests", requests[name], why)


def _name_causes(field: str, name: str, earlier: Iterable[str]) -> Iterator[Cause]:
    if not name:
        yield required(field)
    elif wrong := dns_label(name):
        yield from (invalid(field, name, why) for why in wrong)
    elif name in earlier:
        yield Cause("FieldValueDuplicate", field, f'Duplicate value: "{name}"')


def _with_earlier_names(items: Sequence[Object]) -> Iterator[tuple[Object, set[str]]]:
    seen: set[str] = set()
    for item in items:
        yield item, seen
        seen.add(item.get("name", ""))


def _one_of(field: str, value: str, supported: Sequence[str]) -> Iterator[Cause]:
    if value not in supported:
        listed = ", ".join(f'"{choice}"' for choice in supported)
        yield Cause("FieldValueNotSupported", field, f'Unsupported value: "{value}": supported values: {listed}')


def _range(field: str, value: int | None, least: int) -> Iterator[Cause]:
    if value is not None and not least <= value <= _MAX_INT32:
        yield invalid(field, value, f"must be between {least} and {_MAX_INT32}, inclusive")
