"""The fields of the objects that the server only stores, or that only it reads: secrets, accounts, roles, policies."""

from collections.abc import Mapping
from typing import Final

from local.kube.schema import OBJECT_META, ListOf, MapOf, Struct, Type

_RBAC: Final = "rbac.authorization.k8s.io/v1"
_STRINGS: Final = ListOf("string")


def _object(name: str, fields: Mapping[str, Type], version: str = "v1") -> Struct:
    meta: Mapping[str, Type] = {"kind": "string", "apiVersion": "string", "metadata": OBJECT_META}
    return Struct(name, {**meta, **fields}, version=version)


SECRET: Final = _object(
    "Secret", {"data": MapOf("bytes"), "stringData": MapOf("string"), "type": "string", "immutable": "bool"}
)

CONFIG_MAP: Final = _object(
    "ConfigMap", {"data": MapOf("string"), "binaryData": MapOf("bytes"), "immutable": "bool"}
)  # fmt: skip

SERVICE_ACCOUNT: Final = _object(
    "ServiceAccount",
    {
        "automountServiceAccountToken": "bool",
        "imagePullSecrets": ListOf(Struct("LocalObjectReference", {"name": "string"})),
        "secrets": ListOf(Struct("ObjectReference", {"kind": "string", "name": "string", "namespace": "string"})),
    },
)

_RULES: Final = ListOf(
    Struct(
        "PolicyRule",
        {
            "verbs": _STRINGS, "apiGroups": _STRINGS, "resources": _STRINGS, "resourceNames": _STRINGS,
            "nonResourceURLs": _STRINGS,
        },
    )
)  # fmt: skip

_BINDING: Final[Mapping[str, Type]] = {
    "subjects": ListOf(
        Struct("Subject", {"kind": "string", "apiGroup": "string", "name": "string", "namespace": "string"})
    ),
    "roleRef": Struct("RoleRef", {"apiGroup": "string", "kind": "string", "name": "string"}),
}

ROLE: Final = _object("Role", {"rules": _RULES}, _RBAC)
ROLE_BINDING: Final = _object("RoleBinding", _BINDING, _RBAC)
CLUSTER_ROLE: Final = Struct(
    "ClusterRole",
    {"kind": "string", "apiVersion": "string", "metadata": OBJECT_META, "rules": _RULES},
    frozenset({"aggregationRule"}),
    _RBAC,
)
CLUSTER_ROLE_BINDING: Final = _object("ClusterRoleBinding", _BINDING, _RBAC)

_SELECTOR: Final = Struct(
    "LabelSelector",
    {
        "matchLabels": MapOf("string"),
        "matchExpressions": ListOf(
            Struct("LabelSelectorRequirement", {"key": "string", "operator": "string", "values": _STRINGS})
        ),
    },
)

_PEERS: Final = ListOf(
    Struct(
        "NetworkPolicyPeer",
        {
            "podSelector": _SELECTOR, "namespaceSelector": _SELECTOR,
            "ipBlock": Struct("IPBlock", {"cidr": "string", "except": _STRINGS}),
        },
    )
)  # fmt: skip

_PORTS: Final = ListOf(Struct("NetworkPolicyPort", {"protocol": "string", "port": "int-or-string", "endPort": "int32"}))

NETWORK_POLICY: Final = _object(
    "NetworkPolicy",
    {
        "spec": Struct(
            "NetworkPolicySpec",
            {
                "podSelector": _SELECTOR,
                "policyTypes": _STRINGS,
                "ingress": ListOf(Struct("NetworkPolicyIngressRule", {"from": _PEERS, "ports": _PORTS})),
                "egress": ListOf(Struct("NetworkPolicyEgressRule", {"to": _PEERS, "ports": _PORTS})),
            },
        )
    },
    "networking.k8s.io/v1",
)
