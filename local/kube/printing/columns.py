"""The columns of Tables, with the descriptions that Kubernetes gives them (``tests/recordings/kubernetes/lists``)."""

from dataclasses import dataclass
from typing import Final

from local.kube.objects import Object


@dataclass(frozen=True, slots=True)
class Column:
    """One with ``wide`` is shown by ``kubectl get -o wide`` only."""

    name: str
    description: str = ""
    wide: bool = False
    format: str = ""

    def to_object(self) -> Object:
        return {
            "name": self.name,
            "type": "string",
            "format": self.format,
            "description": self.description,
            "priority": int(self.wide),
        }


_NAME_TEXT: Final = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources "
    "may allow a client to request the generation of an appropriate name automatically. Name is primarily "
    "intended for creation idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
NAME: Final = Column("Name", _NAME_TEXT, format="name")
AGE: Final = Column(
    "Age",
    (
        "CreationTimestamp is a timestamp representing the server time when this object was created. It "
        "is not guaranteed to be set in happens-before order across separate operations. Clients may not "
        "set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. "
        "Read-only. Null for lists. More info: "
        "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
    ),
)
CREATED_AT: Final = Column("Created At", AGE.description)

PODS: Final = (
    NAME,
    Column("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", "The aggregate status of the containers in this pod."),
    Column(
        "Restarts",
        (
            "The number of times the containers in this pod have been restarted and when the last container "
            "in this pod has restarted."
        ),
    ),
    AGE,
    Column(
        "IP",
        ("podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated."),
        wide=True,
    ),
    Column(
        "Node",
        (
            "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for "
            "scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for "
            "this node becomes responsible for the lifecycle of this pod. This field should not be used to "
            "express a desire for the pod to be scheduled on a specific node. "
            "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename"
        ),
        wide=True,
    ),
    Column(
        "Nominated Node",
        (
            "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be "
            "scheduled right away as preemption victims receive their graceful termination periods. This "
            "field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to "
            "place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to "
            "give the resources on this node to a higher priority pod that is created after preemption. As a "
            "result, this field may be different than PodSpec.nodeName when the pod is scheduled."
        ),
        wide=True,
    ),
    Column(
        "Readiness Gates",
        (
            "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all "
            "its containers are ready AND all conditions specified in the readiness gates have status equal "
            'to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates'
        ),
        wide=True,
    ),
)

EVENTS: Final = (
    Column("Last Seen", "The time at which the most recent occurrence of this event was recorded."),
    Column("Type", "Type of this event (Normal, Warning), new types could be added in the future"),
    Column(
        "Reason",
        (
            "This should be a short, machine understandable string that gives the reason for the transition "
            "into the object's current status."
        ),
    ),
    Column("Object", "The object that this event is about."),
    Column(
        "Subobject",
        (
            "If referring to a piece of an object instead of an entire object, this string should contain a "
            "valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, "
            "if the object reference is to a container within a pod, this would take on a value like: "
            '"spec.containers{name}" (where "name" refers to the name of the container that triggered the '
            'event) or if no container name is specified "spec.containers[2]" (container with index 2 in this '
            "pod). This syntax is chosen only to have some well-defined way of referencing a part of an "
            "object."
        ),
        wide=True,
    ),
    Column("Source", "The component reporting this event. Should be a short machine understandable string.", wide=True),
    Column("Message", "A human-readable description of the status of this operation."),
    Column(
        "First Seen",
        "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
        wide=True,
    ),
    Column("Count", "The number of times this event has occurred.", wide=True),
    Column("Name", _NAME_TEXT, wide=True, format="name"),
)

NAMESPACES: Final = (NAME, Column("Status", "The status of the namespace"), AGE)

NODES: Final = (
    NAME,
    Column("Status", "The status of the node"),
    Column("Roles", "The roles of the node"),
    AGE,
    Column("Version", "Kubelet Version reported by the node."),
    Column("Internal-IP", wide=True),
    Column("External-IP", wide=True),
    Column("OS-Image", wide=True),
    Column("Kernel-Version", wide=True),
    Column("Container-Runtime", wide=True),
)

SECRETS: Final = (NAME, Column("Type"), Column("Data"), AGE)
CONFIG_MAPS: Final = (NAME, Column("Data"), AGE)
SERVICE_ACCOUNTS: Final = (NAME, Column("Secrets"), AGE)
NETWORK_POLICIES: Final = (NAME, Column("Pod-Selector"), AGE)
ROLES: Final = (NAME, CREATED_AT)
BINDINGS: Final = (NAME, Column("Role"), AGE)
