"""Pod Security admission: the standards that a namespace's labels ask for
(https://kubernetes.io/docs/concepts/security/pod-security-standards/), with Kubernetes' own words.

It looks at the pod as it was sent, because it judges also what this server does not support.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from local.kube import status
from local.kube.objects import Object

_LABEL: Final = "pod-security.kubernetes.io/"
_VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    }
)
_SECCOMP: Final = ("RuntimeDefault", "Localhost")
_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)

#: What is wrong, without the containers that it is wrong in; None when nothing is.
Check = Callable[[Object, Sequence[Object]], str | None]


def require_allowed(namespace: Object, pod: Object) -> list[str]:
    """``Warning`` headers of the level that only warns. Raises ApiError 403 for the level that is enforced."""
    labels, name = namespace["metadata"].get("labels", {}), pod["metadata"].get("name", "")
    level, version = _level(labels, "enforce")
    if wrong := violations(level, pod):
        why = f'violates PodSecurity "{level}:{version}": {", ".join(wrong)}'
        raise status.forbidden(f'pods "{name}" is forbidden: {why}', status.details("pods", name))
    level, version = _level(labels, "warn")
    if wrong := violations(level, pod):
        quoted = f'would violate PodSecurity "{level}:{version}": {", ".join(wrong)}'.replace('"', '\\"')
        return [f'299 - "{quoted}"']
    return []


def _level(labels: Object, mode: str) -> tuple[str, str]:
    level = labels.get(f"{_LABEL}{mode}", "privileged")
    return level, labels.get(f"{_LABEL}{mode}-version", "latest")


def violations(level: str, pod: Object) -> list[str]:
    """What in ``pod`` is against the standard called ``level``, in the order of Kubernetes' checks."""
    checks = {"baseline": _BASELINE, "restricted": _RESTRICTED}.get(level, ())
    spec = _dict(pod.get("spec"))
    containers = [*_dicts(spec.get("initContainers")), *_dicts(spec.get("containers"))]
    return [found for check in checks if (found := check(spec, containers)) is not None]


def _host_namespaces(spec: Object, _: Sequence[Object]) -> str | None:
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name) is True]
    return f"host namespaces ({', '.join(shared)})" if shared else None


def _privileged(_: Object, containers: Sequence[Object]) -> str | None:
    wrong = _where(containers, lambda context: context.get("privileged") is True)
    return _told("privileged", wrong, "must not set securityContext.privileged=true")


def _host_path(spec: Object, _: Sequence[Object]) -> str | None:
    named = [volume.get("name", "") for volume in _dicts(spec.get("volumes")) if "hostPath" in volume]
    return f"hostPath volumes ({_listed('volume', named)})" if named else None


def _host_ports(_: Object, containers: Sequence[Object]) -> str | None:
    used = [
        (container.get("name", ""), port["hostPort"])
        for container in containers
        for port in _dicts(container.get("ports"))
        if port.get("hostPort")
    ]
    if not used:
        return None
    ports = ", ".join(str(port) for _, port in used)
    listed = _listed("container", list(dict.fromkeys(name for name, _ in used)))
    return f"hostPort ({listed} uses hostPort{'s' if len(used) > 1 else ''} {ports})"


def _added_capabilities(_: Object, containers: Sequence[Object]) -> str | None:
    wrong = _where(containers, lambda context: not _capabilities(context, "add") <= _CAPABILITIES)
    more = sorted({name for one in containers for name in _capabilities(_context(one), "add")} - _CAPABILITIES)
    quoted = ", ".join(f'"{name}"' for name in more)
    return _told("non-default capabilities", wrong, f"must not include {quoted} in securityContext.capabilities.add")


def _escalation(_: Object, containers: Sequence[Object]) -> str | None:
    wrong = _where(containers, lambda context: context.get("allowPrivilegeEscalation") is not False)
    return _told("allowPrivilegeEscalation != false", wrong, "must set securityContext.allowPrivilegeEscalation=false")


def _unrestricted_capabilities(_: Object, containers: Sequence[Object]) -> str | None:
    kept = _where(containers, lambda context: "ALL" not in _capabilities(context, "drop"))
    added = _where(containers, lambda context: not _capabilities(context, "add") <= {"NET_BIND_SERVICE"})
    more = sorted({name for one in containers for name in _capabilities(_context(one), "add")} - {"NET_BIND_SERVICE"})
    told = []
    if kept:
        told.append(f'{_listed("container", kept)} must set securityContext.capabilities.drop=["ALL"]')
    if added:
        quoted = ", ".join(f'"{name}"' for name in more)
        told.append(f"{_listed('container', added)} must not include {quoted} in securityContext.capabilities.add")
    return f"unrestricted capabilities ({'; '.join(told)})" if told else None


def _volume_types(spec: Object, _: Sequence[Object]) -> str | None:
    wrong = [
        (volume.get("name", ""), kind)
        for volume in _dicts(spec.get("volumes"))
        for kind in volume
        if kind != "name" and kind not in _VOLUMES
    ]
    if not wrong:
        return None
    kinds = ", ".join(f'"{kind}"' for kind in dict.fromkeys(kind for _, kind in wrong))
    volumes = _listed("volume", [name for name, _ in wrong])
    return f"restricted volume types ({volumes} {'use' if len(wrong) > 1 else 'uses'} restricted volume type {kinds})"


def _non_root(spec: Object, containers: Sequence[Object]) -> str | None:
    of_pod = _context(spec).get("runAsNonRoot")
    wrong = _where(containers, lambda context: context.get("runAsNonRoot", of_pod) is not True)
    return _told("runAsNonRoot != true", wrong, "must set securityContext.runAsNonRoot=true", of_pod=of_pod is None)


def _root_user(spec: Object, containers: Sequence[Object]) -> str | None:
    told = ["pod must not set securityContext.runAsUser=0"] if _context(spec).get("runAsUser") == 0 else []
    if wrong := _where(containers, lambda context: context.get("runAsUser") == 0):
        told.append(f"{_listed('container', wrong)} must not set securityContext.runAsUser=0")
    return f"runAsUser=0 ({', '.join(told)})" if told else None


def _seccomp(spec: Object, containers: Sequence[Object]) -> str | None:
    of_pod = _dict(_context(spec).get("seccompProfile")).get("type")
    wrong = _where(containers, lambda context: _dict(context.get("seccompProfile")).get("type", of_pod) not in _SECCOMP)
    must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return _told("seccompProfile", wrong, must, of_pod=of_pod is None)


_BASELINE: Final[tuple[Check, ...]] = (_added_capabilities, _host_namespaces, _host_path, _host_ports, _privileged)
#: The host path and the added capabilities of the baseline are within the stricter checks here.
_RESTRICTED: Final[tuple[Check, ...]] = (
    _host_namespaces, _host_ports, _privileged, _escalation, _unrestricted_capabilities, _volume_types, _non_root,
    _root_user, _seccomp,
)  # fmt: skip


def _told(what: str, containers: Sequence[str], must: str, *, of_pod: bool = False) -> str | None:
    """``of_pod`` when the pod's own context would do as well."""
    listed = _listed("container", containers)
    return f"{what} ({'pod or ' if of_pod else ''}{listed} {must})" if containers else None


def _listed(noun: str, names: Sequence[str]) -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} " + ", ".join(f'"{name}"' for name in names)


def _where(containers: Iterable[Object], holds: Callable[[Object], bool]) -> list[str]:
    return [container.get("name", "") for container in containers if holds(_context(container))]


def _context(holder: Object) -> Object:
    return _dict(holder.get("securityContext"))


def _capabilities(context: Object, kind: str) -> set[str]:
    found = _dict(context.get("capabilities")).get(kind)
    return {name for name in found if isinstance(name, str)} if isinstance(found, list) else set()


def _dict(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> Iterator[Object]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
