"""Which resources there are: their kinds, groups, verbs and schemas. Routes, discovery and lists are made from this table.

A resource is known by its plural, with its group if it has one: ``pods``, ``roles.rbac.authorization.k8s.io``. That is how
Kubernetes names it in errors, and the key of the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from local.kube.schema import NAMESPACE, POD, Struct
from local.kube.stored_schema import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    NETWORK_POLICY,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
)

_ALL: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_READ: Final = ("get", "list", "watch")
_NOT_WRITTEN: Final = Struct("", {})


@dataclass(frozen=True, slots=True)
class Subresource:
    """``name`` without the resource's: ``log``. ``kind_group`` is the group of its kind, where that is another."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    kind_group: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """``schema`` is that of what clients may write."""

    plural: str
    kind: str
    schema: Struct = _NOT_WRITTEN
    group: str = ""
    namespaced: bool = True
    verbs: tuple[str, ...] = _ALL
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def root(self) -> str:
        """The path of its group and version."""
        return f"/apis/{self.api_version}" if self.group else "/api/v1"


_AUTHENTICATION: Final = "authentication.k8s.io"
_CONNECT: Final = ("create", "get")

POD_SUBRESOURCES: Final = (
    Subresource("attach", "PodAttachOptions", _CONNECT),
    Subresource("exec", "PodExecOptions", _CONNECT),
    Subresource("exec", "PodExecOptions", _CONNECT),
    Subresource("log", "Pod", ("get",)),
    Subresource("portforward", "PodPortForwardOptions", _CONNECT),
    Subresource("portforward", "PodPortForwardOptions", _CONNECT),
    Subresource("status", "Pod", ("get", "patch", "update")),
)

_TABLE: Final = (
    Resource("configmaps", "ConfigMap", CONFIG_MAP, short_names=("cm",)),
    Resource("events", "Event", verbs=_READ, short_names=("ev",)),
    Resource(
        "namespaces", "Namespace", NAMESPACE, namespaced=False, short_names=("ns",),
        verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    ),
    Resource("nodes", "Node", namespaced=False, verbs=_READ, short_names=("no",)),
    Resource("pods", "Pod", POD, short_names=("po",), categories=("all",), subresources=POD_SUBRESOURCES),
    Resource("secrets", "Secret", SECRET),
    Resource(
        "serviceaccounts", "ServiceAccount", SERVICE_ACCOUNT, short_names=("sa",),
        subresources=(Subresource("token", "TokenRequest", ("create",), _AUTHENTICATION),),
    ),
    Resource("networkpolicies", "NetworkPolicy", NETWORK_POLICY, "networking.k8s.io", short_names=("netpol",)),
    Resource("clusterrolebindings", "ClusterRoleBinding", CLUSTER_ROLE_BINDING, "rbac.authorization.k8s.io", False),
    Resource("clusterroles", "ClusterRole", CLUSTER_ROLE, "rbac.authorization.k8s.io", False),
    Resource("rolebindings", "RoleBinding", ROLE_BINDING, "rbac.authorization.k8s.io"),
    Resource("roles", "Role", ROLE, "rbac.authorization.k8s.io"),
)  # fmt: skip

RESOURCES: Final[Mapping[str, Resource]] = {resource.name: resource for resource in _TABLE}

#: Written with a POST, answered, and never stored.
REVIEWS: Final = (
    Resource("selfsubjectreviews", "SelfSubjectReview", _NOT_WRITTEN, _AUTHENTICATION, False, ("create",)),
    Resource("tokenreviews", "TokenReview", _NOT_WRITTEN, _AUTHENTICATION, False, ("create",)),
    Resource(
        "selfsubjectaccessreviews", "SelfSubjectAccessReview", _NOT_WRITTEN, "authorization.k8s.io", False, ("create",)
    ),
    Resource(
        "selfsubjectrulesreviews", "SelfSubjectRulesReview", _NOT_WRITTEN, "authorization.k8s.io", False, ("create",)
    ),
    Resource("subjectaccessreviews", "SubjectAccessReview", _NOT_WRITTEN, "authorization.k8s.io", False, ("create",)),
)

#: Stored as they are sent, but for what every object gets.
STORED: Final = tuple(
    resource
    for resource in _TABLE
    if resource.schema is not _NOT_WRITTEN and resource.plural not in ("namespaces", "pods")
)
