"""infra/kubernetes/relay.yaml: every field is one of Kubernetes', what refers to each other fits, and the relay can use what it is given."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import kubernetes.client.models
import pytest
import yaml

from local.kube.pod_security import violations
from relay.kube import Service
from relay.server import Doors
from relay.settings import SETTINGS, Settings, from_environment

FOLDER = Path(__file__).parents[2] / "infra" / "kubernetes"
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "relay.yaml").read_text()))
WEAVERS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "weavers.yaml").read_text()))
#: What SIGTERM takes at most (relay/README.md), in seconds.
SHUTDOWN = 5


def named(kind: str, name: str, among: list[dict[str, Any]] = MANIFESTS) -> dict[str, Any]:
    return next(one for one in among if (one["kind"], one["metadata"]["name"]) == (kind, name))


DEPLOYMENT = named("Deployment", "relay")["spec"]
POD = DEPLOYMENT["template"]["spec"]
CONTAINER = POD["containers"][0]
LABELS = DEPLOYMENT["template"]["metadata"]["labels"]
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}


def unknown(value: Any, kind: str, at: str) -> Iterator[str]:
    """The fields below ``value`` that the official client's model of ``kind`` does not have."""
    if nested := re.fullmatch(r"(?:List\[|Dict\[str, )(.+)\]", kind):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from unknown(item, nested[1], f"{at}.{key}")
    elif model := getattr(kubernetes.client.models, kind, None):
        types = {model.attribute_map[name]: typed for name, typed in model.openapi_types.items()}
        for key, item in value.items():
            if key in types:
                yield from unknown(item, types[key], f"{at}.{key}")
            else:
                yield f"{at}.{key}"
    elif kind in ("str", "int", "bool") and type(value).__name__ != kind:
        yield f"{at}: {value!r} is no {kind}"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_every_field_is_one_of_kubernetes(manifest: dict[str, Any]):
    version = manifest["apiVersion"].rpartition("/")[2]
    assert list(unknown(manifest, f"{version.capitalize()}{manifest['kind']}", manifest["kind"])) == []
    assert manifest["metadata"]["namespace"] == named("Namespace", "loom", WEAVERS)["metadata"]["name"]


def test_a_field_that_is_none_is_found():
    assert list(unknown({"spec": {"replica": 2}}, "V1Deployment", "one")) == ["one.spec.replica"]
    assert list(unknown({"spec": {"replicas": "2"}}, "V1Deployment", "one")) == ["one.spec.replicas: '2' is no int"]
    assert list(unknown({"spec": {"ports": [{"prt": 2}]}}, "V1Service", "one")) == ["one.spec.ports.0.prt"]


def test_everything_selects_the_relays():
    selectors = [
        DEPLOYMENT["selector"]["matchLabels"],
        named("PodDisruptionBudget", "relay")["spec"]["selector"]["matchLabels"],
        *(one["spec"]["selector"] for one in MANIFESTS if one["kind"] == "Service"),
        *(one["labelSelector"]["matchLabels"] for one in POD["topologySpreadConstraints"]),
    ]
    assert selectors == [LABELS] * 6


def test_ports_and_probes_are_doors_of_the_relay():
    assert {"relay": used({}).port} == PORTS
    for service in ("relay", "relay-peers"):
        assert [port["targetPort"] for port in named("Service", service)["spec"]["ports"]] == ["relay"]
    no = cast("Any", None)
    doors = {
        route.resource.canonical
        for route in Doors(no, no, no, no, no, no, no, no, ping=no).application().router.routes()
        if route.resource
    }
    probes = [CONTAINER[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    assert {probe["path"] for probe in probes} <= doors
    assert {probe["port"] for probe in probes} == {"relay"}


def used(given: Mapping[str, str]) -> Settings:
    """What the relay makes of the container's environment, with ``given`` in the places of what is not in the file."""
    outside = {"POD_IP": "10.1.2.3", "server-url": "https://loom.example.com", "resume-key": "k" * 32, "token": "t"}
    environment: dict[str, str] = {}
    for variable in CONTAINER["env"]:
        source = variable.get("valueFrom", {})
        reference = source.get("secretKeyRef") or source.get("configMapKeyRef")
        value = (
            {**outside, **given}[reference["key"] if reference else variable["name"]] if source else variable["value"]
        )
        environment[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], value)
    return from_environment(environment)


def test_the_relay_can_use_what_it_is_given():
    assert {variable["name"] for variable in CONTAINER["env"]} <= {one.name for one in SETTINGS} | {"POD_IP"}
    one = used({})
    assert one.own_url == f"http://10.1.2.3:{PORTS['relay']}"
    assert (one.host, one.namespace) == ("0.0.0.0", named("Namespace", "loom-weavers", WEAVERS)["metadata"]["name"])
    assert (one.resume_key, one.token, one.server_url) == ("k" * 32, "t", "https://loom.example.com")
    peers = named("Service", "relay-peers")
    assert one.peers_service == Service(peers["metadata"]["namespace"], peers["metadata"]["name"])
    assert peers["spec"]["clusterIP"] == "None"


def test_secrets_are_in_a_secret_and_nowhere_else():
    given = {variable["name"]: variable for variable in CONTAINER["env"]}
    for name in ("LOOM_RELAY_RESUME_KEY", "LOOM_RELAY_TOKEN"):
        assert given[name]["valueFrom"].keys() == {"secretKeyRef"}


def test_its_right_in_its_own_namespace_is_to_follow_who_the_relays_are():
    rules = named("Role", "relay-peers")["rules"]
    assert rules == [{"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]
    bound = named("RoleBinding", "relay-peers")
    assert bound["roleRef"]["name"] == "relay-peers"
    account = named("ServiceAccount", POD["serviceAccountName"], WEAVERS)["metadata"]
    assert bound["subjects"] == [{"kind": "ServiceAccount", **account}]


def test_it_passes_pod_security_restricted_with_a_root_that_cannot_be_written():
    assert violations("restricted", {"metadata": {}, "spec": POD}) == []
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"] is True
    assert violations("restricted", {"metadata": {}, "spec": {**POD, "hostNetwork": True}})


def test_nobody_is_without_a_relay_while_relays_are_replaced():
    assert DEPLOYMENT["replicas"] >= 2
    assert DEPLOYMENT["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert named("PodDisruptionBudget", "relay")["spec"]["minAvailable"] < DEPLOYMENT["replicas"]
    sleeps = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] >= sleeps + SHUTDOWN + 5  # for a machine that is busy


def test_the_load_balancer_on_aws_leads_to_the_relays_and_to_no_door_that_is_not_for_the_world():
    ingress = yaml.safe_load((FOLDER / "relay-alb.yaml").read_text())
    assert list(unknown(ingress, "V1Ingress", "Ingress")) == []
    [rule] = ingress["spec"]["rules"]
    backends = [path["backend"]["service"] for path in rule["http"]["paths"]]
    service = named("Service", "relay")
    assert ingress["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert backends == [{"name": "relay", "port": {"name": service["spec"]["ports"][0]["name"]}}] * len(backends)
    routed = tuple(path["path"] for path in rule["http"]["paths"])
    assert not any(door.startswith(routed) for door in ("/metrics", "/readyz"))
    assert "/api/weaver/ID/attach".startswith(routed)


def test_the_load_balancer_on_aws_outlasts_the_silence_between_two_pings():
    annotations = yaml.safe_load((FOLDER / "relay-alb.yaml").read_text())["metadata"]["annotations"]
    [idle] = re.findall(r"idle_timeout\.timeout_seconds=(\d+)", str(annotations))
    [ping] = [setting.default for setting in SETTINGS if setting.name == "LOOM_RELAY_PING"]
    assert float(idle) > 2 * float(ping or "inf")
