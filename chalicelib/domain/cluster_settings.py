"""Which clusters a deployment has, and how each is found: from settings to plain values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from chalicelib.domain.errors import Misconfigured

#: The name of the one that takes weavers when nobody says which.
DEFAULT: Final = "default"
#: Also part of keys in the table, and what people type.
NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
#: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
_EKS_NAME: Final = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
_REGION: Final = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")
#: How a cluster may be found, and the setting that says so of the default one.
_WAYS: Final[Mapping[str, str]] = MappingProxyType(
    {"kubeconfig": "LOOM_KUBECONFIG", "kubeconfig_secret": "LOOM_KUBECONFIG_SECRET", "eks_cluster": "LOOM_EKS_CLUSTER"}
)


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """One of the first three says how the cluster is found; without any, this process runs in a pod of it.

    ``kubeconfig`` is a file's path, ``kubeconfig_secret`` the ARN or name of a secret in Secrets Manager that holds one, ``eks_cluster``
    a name in EKS, both in ``region``, None: that of this process. ``relay_url`` is where the cluster's own relays are, None: where the others are.
    """

    kubeconfig: str | None = None
    kubeconfig_secret: str | None = None
    eks_cluster: str | None = None
    region: str | None = None
    relay_url: str | None = None


def cluster_settings(environment: Mapping[str, str]) -> Mapping[str, ClusterSettings]:
    """The clusters by name; one of them is the default. Raises Misconfigured, naming the setting."""
    found = {way: value for way, name in _WAYS.items() if (value := environment.get(name))}
    if len(found) > 1:
        names = " and ".join(_WAYS[way] for way in found)
        raise Misconfigured(f"{names} exclude each other: each says where the cluster named {DEFAULT} is")
    more = _more(environment.get("LOOM_CLUSTERS") or "{}")
    if found and DEFAULT in more:
        raise Misconfigured(f"LOOM_CLUSTERS: {DEFAULT} is the cluster of {_WAYS[next(iter(found))]} already")
    if "eks_cluster" in found:
        _require_eks_name("LOOM_EKS_CLUSTER", found["eks_cluster"])
    return {DEFAULT: ClusterSettings(**found), **more}


def _more(text: str) -> dict[str, ClusterSettings]:
    """Those of LOOM_CLUSTERS: ``{"NAME": {"eks_cluster": "…", "region": "…", "relay_url": "wss://…"}, …}``."""
    try:
        clusters = json.loads(text)
    except (ValueError, RecursionError):
        raise Misconfigured("LOOM_CLUSTERS is not JSON") from None  # the cause repeats it, with what may be in it
    if not isinstance(clusters, dict):
        raise Misconfigured("LOOM_CLUSTERS must be a JSON object of clusters by name")
    return {name: _one(name, told) for name, told in clusters.items()}


def _one(name: str, told: Any) -> ClusterSettings:
    if not NAME.fullmatch(name):
        raise Misconfigured(
            "LOOM_CLUSTERS: names are at most 40 lower-case letters, digits and '-', beginning with a letter"
        )
    known = {*_WAYS, "region", "relay_url"}
    if not isinstance(told, dict) or not told.keys() <= known or not all(_is_text(value) for value in told.values()):
        raise Misconfigured(f"LOOM_CLUSTERS: {name} must be an object with texts for {', '.join(sorted(known))}")
    if len(told.keys() & _WAYS.keys()) != 1:
        raise Misconfigured(f"LOOM_CLUSTERS: {name} must have exactly one of {', '.join(_WAYS)}")
    if "region" in told and ("kubeconfig" in told or not _REGION.fullmatch(told["region"])):
        raise Misconfigured(f"LOOM_CLUSTERS: {name}.region must be one of AWS, for a cluster or a secret that is there")
    if not told.get("relay_url", "wss://").startswith(("ws://", "wss://")):
        raise Misconfigured(f"LOOM_CLUSTERS: {name}.relay_url must begin with wss:// or ws://")
    if "eks_cluster" in told:
        _require_eks_name(f"LOOM_CLUSTERS: {name}.eks_cluster", told["eks_cluster"])
    return ClusterSettings(**told)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _require_eks_name(setting: str, value: str) -> None:
    if not _EKS_NAME.fullmatch(value):
        raise Misconfigured(f"{setting} must be a cluster's name, and no ARN: at most 100 letters, digits and -_")
