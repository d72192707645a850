"""Secrets, config maps, accounts, roles and policies: stored as they are sent, checked as Kubernetes checks them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from local.kube.manifests import BadManifest, load_manifests
from local.kube.registry import Registry
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api
from tests.local.kube.conftest import DEADLINE, server_command

IN = f"/api/v1/namespaces/{NAMESPACE}"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
MANIFESTS = Path(__file__).parents[4] / "infra" / "kubernetes" / "weavers.yaml"


def named(name: str, **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **fields}


async def test_a_secret(api: Api):
    status, made = await api.call("POST", f"{IN}/secrets", named("s", stringData={"a": "b"}, data={"c": "ZA=="}))
    assert (status, made["kind"], made["type"]) == (201, "Secret", "Opaque")
    assert made["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in made
    status, body = await api.call("POST", f"{IN}/secrets", named("t", data={"a": "no base64!"}))
    assert (status, "illegal base64 data" in body["message"]) == (400, True)
    _, listed = await api.call("GET", f"{IN}/secrets?fieldSelector=type%3DOpaque")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["s"]
    status, gone = await api.call("DELETE", f"{IN}/secrets/s")
    uid = made["metadata"]["uid"]
    assert (status, gone["status"], gone["details"]) == (200, "Success", {"name": "s", "kind": "secrets", "uid": uid})


@pytest.mark.parametrize(
    ("path", "first", "second", "field"),
    [
        (f"{IN}/secrets", {"type": "a/b"}, {"type": "c/d"}, "type"),
        (f"{IN}/configmaps", {"data": {"a": "1"}, "immutable": True}, {"data": {"a": "2"}, "immutable": True}, "data"),
        (
            f"{RBAC}/rolebindings",
            {"roleRef": {"kind": "Role", "name": "a"}},
            {"roleRef": {"kind": "Role", "name": "b"}},
            "roleRef",
        ),
    ],
)
async def test_what_cannot_be_changed(api: Api, path: str, first: Any, second: Any, field: str):
    assert (await api.call("POST", path, named("one", **first)))[0] == 201
    status, body = await api.call("PUT", f"{path}/one", named("one", **second))
    assert (status, [cause["field"] for cause in body["details"]["causes"]]) == (422, [field])


@pytest.mark.parametrize(
    ("path", "sent", "field"),
    [
        (f"{IN}/configmaps", named("Bad Name"), "metadata.name"),
        (f"{IN}/configmaps", named("c", data={"a/b": "1"}), "data[a/b]"),
        (f"{RBAC}/roles", named("a/b"), "metadata.name"),
        (f"{RBAC}/roles", named("r", rules=[{"resources": ["pods"]}]), "rules[0].verbs"),
        (f"{RBAC}/rolebindings", named("b"), "roleRef.name"),
        (f"{IN}/serviceaccounts", {"metadata": {"name": "a", "finalizers": ["x/y"]}}, "metadata.finalizers"),
    ],
)
async def test_what_cannot_be_stored(api: Api, path: str, sent: Any, field: str):
    status, body = await api.call("POST", path, sent)
    assert (status, [cause["field"] for cause in body["details"]["causes"]]) == (422, [field])


async def test_errors_name_the_group(api: Api):
    status, body = await api.call("GET", f"{RBAC}/roles/absent")
    group = "rbac.authorization.k8s.io"
    assert (status, body["message"]) == (404, f'roles.{group} "absent" not found')
    assert body["details"] == {"name": "absent", "group": group, "kind": "roles"}


async def test_a_namespace_takes_all_that_is_in_it(api: Api):
    await api.call("POST", "/api/v1/namespaces", named("other"))
    path = "/api/v1/namespaces/other/configmaps"
    await api.call("POST", path, named("c"))
    changes = api.registry.subscribe()
    await api.call("DELETE", "/api/v1/namespaces/other")
    async with asyncio.timeout(DEADLINE):
        while (change := await changes.next()) is not None and (change.resource, change.type) != (
            "namespaces",
            "DELETED",
        ):
            pass
    assert api.registry.list("configmaps", "other") == []
    assert (await api.call("POST", path, named("c")))[0] == 404


async def test_labels_of_a_namespace(api: Api):
    patch = b'{"metadata":{"labels":{"a":"b"}}}'
    merge = {"Content-Type": "application/merge-patch+json"}
    status, body = await api.call("PATCH", "/api/v1/namespaces/default", patch, **merge)
    assert (status, body["metadata"]["labels"]) == (200, {"a": "b", "kubernetes.io/metadata.name": "default"})


async def test_a_pod_runs_as_an_account_of_its_namespace(api: Api):
    spec = {"containers": [{"name": "a", "image": "x/y"}], "restartPolicy": "Never", "serviceAccountName": "runner"}
    pod = {"metadata": {"name": "p"}, "spec": spec}
    assert (await api.call("POST", PODS, pod))[0] == 403
    await api.call("POST", f"{IN}/serviceaccounts", named("runner"))
    assert (await api.call("POST", PODS, pod))[0] == 201


async def test_the_status_of_a_pod(api: Api):
    stored = api.store("one", "running-ready")
    sent = {**stored, "status": {"phase": "Failed"}, "spec": {}}
    status, body = await api.call("PUT", f"{PODS}/one/status", sent)
    assert (status, body["status"], body["spec"]) == (200, {"phase": "Failed"}, stored["spec"])


def test_the_manifests_of_a_cluster():
    registry = Registry()
    load_manifests(registry, MANIFESTS)
    assert registry.get("roles.rbac.authorization.k8s.io", "loom-weavers", "relay")["rules"]
    assert registry.get("serviceaccounts", "loom", "control-plane")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "yaml: "),
        ("[]", "no object"),
        ("{kind: Deployment, apiVersion: apps/v1}", "apps/v1 Deployment is not supported"),
        ("{kind: Namespace, apiVersion: v1, metadata: {name: a}, sepc: {}}", 'unknown field "sepc"'),
        ("{kind: Namespace, apiVersion: v1, metadata: {name: A}}", "metadata.name: Invalid value"),
        ("{kind: ServiceAccount, apiVersion: v1, metadata: {name: a, namespace: nowhere}}", '"nowhere" not found'),
        ("{kind: Secret, apiVersion: v1, metadata: {name: a, finalizers: [b]}}", "metadata.finalizers: Forbidden"),
    ],
)
def test_a_manifest_that_cannot_be_loaded(tmp_path: Path, text: str, why: str):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(BadManifest) as bad:
        load_manifests(Registry(), path)
    assert str(bad.value).startswith(f"{path}: ")
    assert why in str(bad.value)


async def test_the_program_says_what_is_wrong_with_a_manifest(tmp_path: Path):
    words = ["--state", str(tmp_path / "s"), "--kubeconfig", str(tmp_path / "k"), "--manifests", str(tmp_path / "none")]
    process = await asyncio.create_subprocess_exec(*server_command(*words), stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(DEADLINE):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith(b"local.kube: ")
    assert b"none" in err
