"""A pod's volumes as folders on the node."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from local.kube.auth.tokens import ISSUER
from local.kube.kubelet.pod_report import NodeParts, PodFolder
from local.kube.kubelet.references import MissingReference, entries, field
from local.kube.objects import Object

_DEFAULT_MODE: Final = 0o644
_TOKEN_SECONDS: Final = 3600


class VolumeNotReady(Exception):
    """The message is that of the event FailedMount."""


def make_volumes(pod: Object, folder: PodFolder, node: NodeParts) -> None:
    """Those that are not there yet. Raises VolumeNotReady; then it may be called again."""
    group = pod["spec"].get("securityContext", {}).get("fsGroup")
    for volume in pod["spec"].get("volumes", ()):
        path = folder.volume(volume["name"])
        if path.exists():
            continue
        try:
            files = _files(pod, volume, node)
        except MissingReference as error:
            raise VolumeNotReady(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error
        path.mkdir(parents=True)
        _write(path, files)
        _own(path, group, writable="emptyDir" in volume)


def used_bytes(folder: Path) -> int:
    """What the files in it take on the disk. Blocks."""
    total = 0
    for parent, _, names in os.walk(folder, onerror=None):
        for name in names:
            try:
                total += os.lstat(Path(parent, name)).st_blocks * 512
            except OSError:  # removed meanwhile
                continue
    return total


def _files(pod: Object, volume: Object, node: NodeParts) -> Mapping[str, tuple[bytes, int]]:
    """Content and mode of each file, by its path in the volume."""
    for kind in ("secret", "configMap", "downwardAPI"):
        if kind in volume:
            source = volume[kind]
            name = source.get("secretName" if kind == "secret" else "name", "")
            return dict(_source(pod, kind, {**source, "name": name}, source.get("defaultMode", _DEFAULT_MODE), node))
    if "projected" not in volume:
        return {}
    mode = volume["projected"].get("defaultMode", _DEFAULT_MODE)
    found: dict[str, tuple[bytes, int]] = {}
    for part in volume["projected"].get("sources", ()):
        for kind, source in part.items():
            found.update(_source(pod, kind, source, mode, node))
    return found


def _source(
    pod: Object, kind: str, source: Object, mode: int, node: NodeParts
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    namespace = pod["metadata"]["namespace"]
    if kind == "downwardAPI":
        for item in source.get("items", ()):
            content = field(pod, item["fieldRef"]["fieldPath"]).encode()
            yield item["path"], (content, item.get("mode", mode))
    elif kind == "serviceAccountToken":
        yield source["path"], (_token(pod, source, node).encode(), mode)
    else:
        resource = {"secret": "secrets", "configMap": "configmaps"}[kind]
        optional = source.get("optional", False)
        held = entries(node.registry, resource, namespace, source["name"], optional=optional)
        items = source.get("items") or [{"key": key, "path": key} for key in held]
        for item in items:
            if item["key"] in held:
                yield item["path"], (held[item["key"]], item.get("mode", mode))
            elif not optional:
                raise MissingReference(f"references non-existent {kind.lower()} key: {item['key']}")


def _token(pod: Object, source: Object, node: NodeParts) -> str:
    namespace, name = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")
    account = node.registry.find("serviceaccounts", namespace, name)
    if account is None:
        raise MissingReference(f'failed to fetch token: serviceaccounts "{name}" not found')
    audience, seconds = source.get("audience") or ISSUER, source.get("expirationSeconds", _TOKEN_SECONDS)
    return node.tokens.issue(account, audiences=[audience], seconds=seconds, pod=pod)


def _write(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    try:
        for name, (content, mode) in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _own(folder: Path, group: int | None, *, writable: bool) -> None:
    """By the pod's group, where this process may say so; readable by it, as the kubelet makes secrets."""
    as_root = os.geteuid() == 0
    folder.chmod(0o777 if writable else 0o755)
    if group is None or not as_root:
        return
    os.chown(folder, -1, group)
    folder.chmod(0o2777 if writable else 0o2755)
    for path in folder.rglob("*"):
        os.chown(path, -1, group)
        path.chmod(path.stat().st_mode | (0o750 if path.is_dir() else 0o440))
