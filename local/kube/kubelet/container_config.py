"""A container's configuration, out of its spec and its pod's."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.kube import images
from local.kube.images import Image
from local.kube.kubelet.expansion import environment, expand
from local.kube.objects import Object
from local.kube.runtime.config import ContainerConfig, Mount


class ConfigError(Exception):
    """The container cannot be configured: the kubelet's CreateContainerConfigError."""


@dataclass(frozen=True, slots=True)
class PodFolder:
    """Where a pod keeps things on the node."""

    path: Path

    def volume(self, name: str) -> Path:
        return self.path / "volumes" / name

    def container(self, name: str) -> Path:
        return self.path / "containers" / name

    def log(self, container: str) -> Path:
        return self.container(container) / "log"

    def termination_message(self, container: str) -> Path:
        return self.container(container) / "termination-message"


def container_config(pod: Object, spec: Object, image: Image, folder: PodFolder) -> ContainerConfig:
    """Raises ConfigError."""
    pod_security: Object = pod["spec"].get("securityContext") or {}
    security = {**pod_security, **(spec.get("securityContext") or {})}
    uid = security.get("runAsUser", images.USER)
    if uid == 0:
        raise ConfigError(_refused_root(pod, spec, security))
    env = environment(spec.get("env", ()), _image_environment(pod, spec, image))
    group = pod_security.get("fsGroup")
    return ContainerConfig(
        id=secrets.token_hex(32),
        argv=_command(spec, image, env),
        env=env,
        hostname=pod["spec"].get("hostname") or pod["metadata"]["name"][:63],
        uid=uid,
        gid=security.get("runAsGroup", uid),
        groups=() if group is None else (group,),
        folder=folder.container(spec["name"]),
        log=folder.log(spec["name"]),
        workdir=spec.get("workingDir") or "/",
        mounts=_mounts(spec, folder),
        tty=spec.get("tty", False),
        stdin=spec.get("stdin", False),
        stdin_once=spec.get("stdinOnce", False),
        has_loom=image.has_loom,
    )


def _image_environment(pod: Object, spec: Object, image: Image) -> dict[str, str]:
    path = f"{images.LOOM_FOLDER}:{images.PATH}" if image.has_loom else images.PATH
    terminal = {"TERM": "xterm"} if spec.get("tty") else {}  # as containerd
    return {"PATH": path, "LANG": "C.UTF-8", "HOSTNAME": pod["metadata"]["name"], "HOME": images.HOME, **terminal}


def _command(spec: Object, image: Image, env: Mapping[str, str]) -> list[str]:
    """``command`` replaces the image's entrypoint, ``args`` follow either."""
    entrypoint = spec.get("command") or image.entrypoint
    named = {variable["name"] for variable in spec.get("env", ())}
    values = {name: value for name, value in env.items() if name in named}
    return [expand(word, values) for word in (*entrypoint, *spec.get("args", ()))]


def _mounts(spec: Object, folder: PodFolder) -> list[Mount]:
    mounts = [
        Mount(folder.volume(mount["name"]), mount["mountPath"].rstrip("/"), mount.get("readOnly", False))
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
