"""The fields of the objects that clients send: which exist in Kubernetes' API v1, their types, and which this server refuses.

A field that is in no list here is unknown. ``refused`` fields are Kubernetes' own, but the node does nothing for them; a
client that sets one is told so instead of getting a pod that silently lacks it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Scalar: TypeAlias = Literal["string", "bool", "int32", "int64", "int-or-string", "bytes", "quantity", "dropped"]


@dataclass(frozen=True, slots=True)
class Struct:
    """``name`` is the Go type's, which decoding errors quote; ``version`` the apiVersion of a whole object."""

    name: str
    fields: Mapping[str, "Type"]
    refused: frozenset[str] = field(default_factory=frozenset)
    version: str = "v1"


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Type"


@dataclass(frozen=True, slots=True)
class MapOf:
    """Keys are always strings."""

    value: "Type"


Type: TypeAlias = Scalar | Struct | ListOf | MapOf


def go_type(kind: Type) -> str:
    """How Go's JSON decoder names the type of a field."""
    match kind:
        case Struct(name=name):
            return f"v1.{name}"
        case ListOf(item=item):
            return f"[]{go_type(item)}"
        case MapOf(value=value):
            return f"map[string]{go_type(value)}"
        case _:
            return kind


def _refused(names: str) -> frozenset[str]:
    return frozenset(names.split())


_STRINGS: Final = ListOf("string")

OBJECT_META: Final = Struct(
    "ObjectMeta",
    {
        "name": "string", "generateName": "string", "namespace": "string", "resourceVersion": "string",
        "labels": MapOf("string"), "annotations": MapOf("string"),
        # What the server sets itself:
        "uid": "dropped", "creationTimestamp": "dropped", "deletionTimestamp": "dropped",
        "deletionGracePeriodSeconds": "dropped", "generation": "dropped", "managedFields": "dropped",
        "selfLink": "dropped",
    },
    _refused("finalizers ownerReferences"),
)  # fmt: skip

_SECCOMP: Final = Struct("SeccompProfile", {"type": "string", "localhostProfile": "string"})

_SECURITY_CONTEXT: Final = Struct(
    "SecurityContext",
    {
        "capabilities": Struct("Capabilities", {"drop": _STRINGS}, _refused("add")),
        "runAsUser": "int64", "runAsGroup": "int64", "runAsNonRoot": "bool", "readOnlyRootFilesystem": "bool",
        "allowPrivilegeEscalation": "bool", "seccompProfile": _SECCOMP,
    },
    _refused("privileged seLinuxOptions windowsOptions appArmorProfile procMount"),
)  # fmt: skip

_CONTAINER: Final = Struct(
    "Container",
    {
        "name": "string", "image": "string", "command": _STRINGS, "args": _STRINGS, "workingDir": "string",
        "env": ListOf(Struct("EnvVar", {"name": "string", "value": "string"}, _refused("valueFrom"))),
        "resources": Struct(
            "ResourceRequirements", {"limits": MapOf("quantity"), "requests": MapOf("quantity")}, _refused("claims")
        ),
        "volumeMounts": ListOf(
            Struct(
                "VolumeMount",
                {"name": "string", "mountPath": "string"},
                _refused("readOnly recursiveReadOnly subPath subPathExpr mountPropagation"),
            )
        ),
        "terminationMessagePath": "string", "terminationMessagePolicy": "string", "imagePullPolicy": "string",
        "securityContext": _SECURITY_CONTEXT, "stdin": "bool", "tty": "bool",
    },
    _refused(
        "ports envFrom volumeDevices livenessProbe readinessProbe startupProbe lifecycle resizePolicy restartPolicy"
        " restartPolicyRules stdinOnce"
    ),
)  # fmt: skip

_VOLUME: Final = Struct(
    "Volume",
    {"name": "string", "emptyDir": Struct("EmptyDirVolumeSource", {"medium": "string", "sizeLimit": "quantity"})},
    _refused(
        "awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI ephemeral fc flexVolume flocker"
        " gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim photonPersistentDisk"
        " portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume"
    ),
)

_TOLERATION: Final = Struct(
    "Toleration",
    {"key": "string", "operator": "string", "value": "string", "effect": "string", "tolerationSeconds": "int64"},
)

_POD_SECURITY_CONTEXT: Final = Struct(
    "PodSecurityContext",
    {
        "runAsUser": "int64", "runAsGroup": "int64", "runAsNonRoot": "bool", "fsGroup": "int64",
        "fsGroupChangePolicy": "string", "seccompProfile": _SECCOMP,
    },
    _refused("seLinuxOptions windowsOptions appArmorProfile supplementalGroups supplementalGroupsPolicy sysctls"
             " seLinuxChangePolicy"),
)  # fmt: skip

_POD_SPEC: Final = Struct(
    "PodSpec",
    {
        "volumes": ListOf(_VOLUME), "initContainers": ListOf(_CONTAINER), "containers": ListOf(_CONTAINER),
        "restartPolicy": "string", "terminationGracePeriodSeconds": "int64", "activeDeadlineSeconds": "int64",
        "dnsPolicy": "string", "serviceAccountName": "string", "serviceAccount": "string",
        "automountServiceAccountToken": "bool", "securityContext": _POD_SECURITY_CONTEXT,
        "imagePullSecrets": ListOf(Struct("LocalObjectReference", {"name": "string"})),
        "schedulerName": "string", "tolerations": ListOf(_TOLERATION), "priority": "int32",
        "priorityClassName": "string", "preemptionPolicy": "string", "enableServiceLinks": "bool",
        "hostname": "string",
    },
    _refused(
        "affinity dnsConfig ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers"
        " hostnameOverride nodeName nodeSelector os overhead readinessGates resourceClaims resources runtimeClassName"
        " schedulingGates schedulingGroup setHostnameAsFQDN shareProcessNamespace subdomain topologySpreadConstraints"
        " workloadRef"
    ),
)  # fmt: skip

_TYPE_META: Final[Mapping[str, Type]] = {"kind": "string", "apiVersion": "string"}

POD: Final = Struct("Pod", {**_TYPE_META, "metadata": OBJECT_META, "spec": _POD_SPEC, "status": "dropped"})

NAMESPACE: Final = Struct("Namespace", {**_TYPE_META, "metadata": OBJECT_META, "spec": "dropped", "status": "dropped"})

DELETE_OPTIONS: Final = Struct(
    "DeleteOptions",
    {
        **_TYPE_META, "gracePeriodSeconds": "int64", "dryRun": _STRINGS, "propagationPolicy": "string",
        "orphanDependents": "bool",
        "preconditions": Struct("Preconditions", {"uid": "string", "resourceVersion": "string"}),
        "ignoreStoreReadErrorWithClusterBreakingPotential": "bool",
    },
)  # fmt: skip
