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

_KEY_SELECTOR: Final[Mapping[str, Type]] = {"name": "string", "key": "string", "optional": "bool"}
_FIELD: Final = Struct("ObjectFieldSelector", {"apiVersion": "string", "fieldPath": "string"})

_ENV_VAR: Final = Struct(
    "EnvVar",
    {
        "name": "string", "value": "string",
        "valueFrom": Struct(
            "EnvVarSource",
            {
                "fieldRef": _FIELD,
                "secretKeyRef": Struct("SecretKeySelector", _KEY_SELECTOR),
                "configMapKeyRef": Struct("ConfigMapKeySelector", _KEY_SELECTOR),
            },
            _refused("resourceFieldRef fileKeyRef"),
        ),
    },
)  # fmt: skip

_WHOLE: Final[Mapping[str, Type]] = {"name": "string", "optional": "bool"}

_ENV_FROM: Final = Struct(
    "EnvFromSource",
    {
        "prefix": "string",
        "secretRef": Struct("SecretEnvSource", _WHOLE), "configMapRef": Struct("ConfigMapEnvSource", _WHOLE),
    },
)  # fmt: skip

_PROBE: Final = Struct(
    "Probe",
    {
        "exec": Struct("ExecAction", {"command": _STRINGS}),
        "tcpSocket": Struct("TCPSocketAction", {"host": "string", "port": "int-or-string"}),
        "httpGet": Struct(
            "HTTPGetAction",
            {
                "host": "string", "port": "int-or-string", "path": "string", "scheme": "string",
                "httpHeaders": ListOf(Struct("HTTPHeader", {"name": "string", "value": "string"})),
            },
        ),
        "initialDelaySeconds": "int32", "timeoutSeconds": "int32", "periodSeconds": "int32",
        "successThreshold": "int32", "failureThreshold": "int32",
    },
    _refused("grpc terminationGracePeriodSeconds"),
)  # fmt: skip

_CONTAINER: Final = Struct(
    "Container",
    {
        "name": "string", "image": "string", "command": _STRINGS, "args": _STRINGS, "workingDir": "string",
        "env": ListOf(_ENV_VAR), "envFrom": ListOf(_ENV_FROM), "readinessProbe": _PROBE,
        "resources": Struct(
            "ResourceRequirements", {"limits": MapOf("quantity"), "requests": MapOf("quantity")}, _refused("claims")
        ),
        "volumeMounts": ListOf(
            Struct(
                "VolumeMount",
                {"name": "string", "mountPath": "string", "readOnly": "bool"},
                _refused("recursiveReadOnly subPath subPathExpr mountPropagation"),
            )
        ),
        "terminationMessagePath": "string", "terminationMessagePolicy": "string", "imagePullPolicy": "string",
        "securityContext": _SECURITY_CONTEXT, "stdin": "bool", "tty": "bool",
    },
    _refused(
        "ports volumeDevices livenessProbe startupProbe lifecycle resizePolicy restartPolicy"
        " restartPolicyRules stdinOnce"
    ),
)  # fmt: skip

_ITEMS: Final = ListOf(Struct("KeyToPath", {"key": "string", "path": "string", "mode": "int32"}))
_DOWNWARD: Final = ListOf(
    Struct(
        "DownwardAPIVolumeFile",
        {"path": "string", "fieldRef": _FIELD, "mode": "int32"},
        _refused("resourceFieldRef"),
    )
)
_TOKEN: Final = Struct(
    "ServiceAccountTokenProjection", {"audience": "string", "expirationSeconds": "int64", "path": "string"}
)
_KEYS: Final[Mapping[str, Type]] = {"name": "string", "items": _ITEMS, "optional": "bool"}
_PROJECTED: Final = Struct(
    "VolumeProjection",
    {
        "secret": Struct("SecretProjection", _KEYS), "configMap": Struct("ConfigMapProjection", _KEYS),
        "downwardAPI": Struct("DownwardAPIProjection", {"items": _DOWNWARD}), "serviceAccountToken": _TOKEN,
    },
    _refused("clusterTrustBundle podCertificate"),
)  # fmt: skip
_MODE: Final[Mapping[str, Type]] = {"defaultMode": "int32"}

_VOLUME: Final = Struct(
    "Volume",
    {
        "name": "string",
        "emptyDir": Struct("EmptyDirVolumeSource", {"medium": "string", "sizeLimit": "quantity"}),
        "secret": Struct(
            "SecretVolumeSource", {"secretName": "string", "items": _ITEMS, "optional": "bool", **_MODE}
        ),
        "configMap": Struct("ConfigMapVolumeSource", {**_KEYS, **_MODE}),
        "downwardAPI": Struct("DownwardAPIVolumeSource", {"items": _DOWNWARD, **_MODE}),
        "projected": Struct("ProjectedVolumeSource", {"sources": ListOf(_PROJECTED), **_MODE}),
    },
    _refused(
        "awsElasticBlockStore azureDisk azureFile cephfs cinder csi ephemeral fc flexVolume flocker"
        " gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim photonPersistentDisk"
        " portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
    ),
)  # fmt: skip

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
