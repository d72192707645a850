"""A container's configuration, out of its spec and its pod's."""

import secrets
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from local.kube import images
from local.kube.images import Image
from local.kube.kubelet.expansion import environment, expand
from local.kube.kubelet.pod_report import PodFolder
from local.kube.kubelet.references import MissingReference, entries, entry, field
from local.kube.objects import Object
from local.kube.quantity import parse_quantity
from local.kube.registry import Registry
from local.kube.runtime.config import ContainerConfig, Mount

#: Where variables come from: the word of the spec, and the resource.
_ENTRY_SOURCES: Final = {"secret": "secrets", "configMap": "configmaps"}


class ConfigError(Exception):
    """The container cannot be configured: the kubelet's CreateContainerConfigError."""


def container_config(pod: Object, spec: Object, image: Image, folder: PodFolder, registry: Registry) -> ContainerConfig:
    """Raises ConfigError."""
    pod_security: Object = pod["spec"].get("securityContext") or {}
    security = {**pod_security, **(spec.get("securityContext") or {})}
    uid = security.get("runAsUser", images.USER)
    if uid == 0:
        raise ConfigError(_refused_root(pod, spec, security))
    try:
        own = environment(_variables(pod, spec, registry))
    except MissingReference as error:
        raise ConfigError(str(error)) from error
    group = pod_security.get("fsGroup")
    return ContainerConfig(
        id=secrets.token_hex(32),
        argv=_command(spec, image, own),
        env={**_image_environment(pod, spec, image), **own},
        hostname=pod["spec"].get("hostname") or pod["metadata"]["name"][:63],
        uid=uid,
        gid=security.get("runAsGroup", uid),
        groups=() if group is None else (group,),
        folder=folder.container(spec["name"]),
        log=folder.log(spec["name"]),
        workdir=spec.get("workingDir") or "/",
        mounts=_mounts(pod, spec, folder),
        tty=spec.get("tty", False),
        stdin=spec.get("stdin", False),
        stdin_once=spec.get("stdinOnce", False),
        has_loom=image.has_loom,
        memory_limit=_limit(spec, "memory"),
        cpu_limit=_limit(spec, "cpu"),
    )


def _limit(spec: Object, resource: str) -> Decimal | None:
    """Zero is none."""
    return parse_quantity(spec.get("resources", {}).get("limits", {}).get(resource, 0)) or None


def _variables(pod: Object, spec: Object, registry: Registry) -> Iterator[tuple[str, str, bool]]:
    """Name and value of each variable, and whether ``$(…)`` in it is expanded: only what the spec itself says. Raises MissingReference."""
    namespace = pod["metadata"]["namespace"]
    for source in spec.get("envFrom", ()):
        for kind, resource in _ENTRY_SOURCES.items():
            if whole := source.get(f"{kind}Ref"):
                optional = whole.get("optional", False)
                held = entries(registry, resource, namespace, whole.get("name", ""), optional=optional)
                for key, value in held.items():
                    yield source.get("prefix", "") + key, value.decode(errors="replace"), False
    for variable in spec.get("env", ()):
        origin = variable.get("valueFrom")
        if origin is None:
            yield variable["name"], variable.get("value", ""), True
        elif "fieldRef" in origin:
            yield variable["name"], field(pod, origin["fieldRef"]["fieldPath"]), False
        else:
            [(kind, reference)] = origin.items()
            found = entry(registry, _ENTRY_SOURCES[kind.removesuffix("KeyRef")], namespace, reference)
            if found is not None:
                yield variable["name"], found.decode(errors="replace"), False


def _image_environment(pod: Object, spec: Object, image: Image) -> dict[str, str]:
    path = f"{images.LOOM_FOLDER}:{images.PATH}" if image.has_loom else images.PATH
    terminal = {"TERM": "xterm"} if spec.get("tty") else {}  # as containerd
    return {"PATH": path, "LANG": "C.UTF-8", "HOSTNAME": pod["metadata"]["name"], "HOME": images.HOME, **terminal}


def _command(spec: Object, image: Image, own: Mapping[str, str]) -> list[str]:
    """``command`` replaces the image's entrypoint, ``args`` follow either; both refer to the variables of the spec."""
    entrypoint = spec.get("command") or image.entrypoint
    return [expand(word, own) for word in (*entrypoint, *spec.get("args", ()))]


def _mounts(pod: Object, spec: Object, folder: PodFolder) -> list[Mount]:
    """What comes from outside the pod is always read-only, as with the kubelet."""
    writable = {volume["name"] for volume in pod["spec"].get("volumes", ()) if "emptyDir" in volume}
    mounts = [
        Mount(
            folder.volume(mount["name"]),
            mount["mountPath"].rstrip("/"),
            mount.get("readOnly", False) or mount["name"] not in writable,
        )
        for mount in spec.get("volumeMounts", ())
    ]
    message = spec.get("terminationMessagePath", "/dev/termination-log")
    return [*mounts, Mount(folder.termination_message(spec["name"]), message)]


def _refused_root(pod: Object, spec: Object, security: Object) -> str:
    metadata = pod["metadata"]
    where = f'(pod: "{metadata["name"]}_{metadata["namespace"]}({metadata["uid"]})", container: {spec["name"]})'
    if security.get("runAsNonRoot"):
        return f"container's runAsUser breaks non-root policy {where}"
    return f"the laptop edition's node runs nothing as root {where}"
