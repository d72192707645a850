"""What Kubernetes fills in when a pod leaves it out (recorded in ``tests/recordings/kubernetes/errors/201-dry-run.json``)."""

import copy
import secrets
from typing import Final

from local.kube.objects import Object
from local.kube.quantity import parse_quantity

_NAME_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"  # as Kubernetes': no vowels, no words


def generated_name(prefix: str) -> str:
    """``generateName`` with five random characters."""
    return prefix[:58] + "".join(secrets.choice(_NAME_ALPHABET) for _ in range(5))


def with_defaults(pod: Object, namespace: str) -> Object:
    """A new pod with everything set that has a default, in phase Pending."""
    new = copy.deepcopy(pod)
    metadata = new.setdefault("metadata", {})
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(metadata["generateName"])
    metadata |= {"namespace": namespace, "generation": 1}
    spec = new.setdefault("spec", {})
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        _default_container(container)
    for volume in spec.get("volumes", ()):
        _default_volume(volume)
    _default_spec(spec)
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": qos_class(spec)},
    }


def _default_spec(spec: Object) -> None:
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = account
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1  # recorded: accepted, and becomes 1
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("priority", 0)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    tolerated = {toleration.get("key") for toleration in tolerations}
    for taint in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if taint not in tolerated:
            tolerations.append(
                {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            )


_TOKEN_SECONDS: Final = 3600
_MODE: Final = 0o644


def _default_volume(volume: Object) -> None:
    if volume.keys() <= {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", _MODE)
    for source in volume.get("projected", {}).get("sources", ()):
        source.get("serviceAccountToken", {}).setdefault("expirationSeconds", _TOKEN_SECONDS)


def _default_probe(probe: Object) -> None:
    for name, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        probe.setdefault(name, value)
    if "httpGet" in probe:
        probe["httpGet"] = {"path": "/", "scheme": "HTTP", **probe["httpGet"]}


def _default_container(container: Object) -> None:
    resources = container.setdefault("resources", {})
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **resources.get("requests", {})}
    for variable in container.get("env", ()):
        if reference := variable.get("valueFrom", {}).get("fieldRef"):
            reference.setdefault("apiVersion", "v1")
    if probe := container.get("readinessProbe"):
        _default_probe(probe)
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))


def _pull_policy(image: str) -> str:
    last = image.rpartition("/")[2]
    latest = "@" not in last and (":" not in last or last.endswith(":latest"))
    return "Always" if latest else "IfNotPresent"


def qos_class(spec: Object) -> str:
    """https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    asked = [
        (container["resources"].get("requests", {}), container["resources"].get("limits", {}))
        for container in (*spec.get("initContainers", ()), *spec.get("containers", ()))
    ]
    if not any(requests or limits for requests, limits in asked):
        return "BestEffort"
    if all(_same(requests, limits, name) for requests, limits in asked for name in ("cpu", "memory")):
        return "Guaranteed"
    return "Burstable"


def _same(requests: Object, limits: Object, name: str) -> bool:
    return name in requests and name in limits and parse_quantity(requests[name]) == parse_quantity(limits[name])
