"""Container images without images: every one runs the host's userland, and only its name says what it is.

A name whose registry ends in ``.invalid`` (RFC 6761: it never resolves) fails as a real pull of it does.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

#: Where the ``loom`` command is inside a container whose image has it.
LOOM_FOLDER: Final = "/opt/loom/bin"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USER: Final = 1000
HOME: Final = "/home/weaver"

# https://pkg.go.dev/github.com/distribution/reference: domain, path, tag, digest
_DOMAIN: Final = r"(?:localhost|[\w.-]*[.:][\w.:-]*|\[[0-9a-fA-F:]+\](?::\d+)?)"
_SEGMENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"(?:(?P<host>{_DOMAIN})/)?(?P<path>{_SEGMENT}(?:/{_SEGMENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,}))?"
)


class InvalidImageName(Exception):
    """The message is the kubelet's (recorded in ``pods/invalid-image-name.json``)."""


class PullFailed(Exception):
    """The message is containerd's (recorded in ``pods/err-image-pull.json``)."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a container gets when its pod says nothing else."""

    name: str
    id: str
    entrypoint: tuple[str, ...]
    has_loom: bool


def resolve(name: str, loom_images: frozenset[str]) -> Image:
    """The image of that name. Raises InvalidImageName, PullFailed."""
    reference = _REFERENCE.fullmatch(name)
    if reference is None:
        raise InvalidImageName(_invalid(name))
    host = reference["host"] or "docker.io"
    if host.rpartition(":")[0].endswith(".invalid") or host.endswith(".invalid"):
        raise PullFailed(
            _unresolved(name, host, reference["path"], reference["digest"] or reference["tag"] or "latest")
        )
    has_loom = name in loom_images
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Image(name, f"sha256:{digest}", ("loom", "session") if has_loom else ("/bin/bash",), has_loom)


def _invalid(name: str) -> str:
    lowercase = _REFERENCE.fullmatch(name.lower())
    repository = name.partition("@")[0].partition("/")[2].partition(":")[0] or name.partition(":")[0]
    why = f"repository name ({repository}) must be lowercase" if lowercase or repository.lower() != repository else ""
    told = f"invalid reference format: {why}" if why else "invalid reference format"
    return f'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": {told}'


def _unresolved(name: str, host: str, path: str, version: str) -> str:
    full = name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:{version}"
    return (
        f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": failed to do request: '
        f'Head "https://{host}/v2/{path}/manifests/{version}": dial tcp: lookup {host.partition(":")[0]}: no such host'
    )
