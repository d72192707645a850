"""What a container gets from outside its spec: its pod's fields, secrets, config maps and tokens."""

import base64
import json

import jwt
import pytest

from local.kube.objects import Object
from tests.local.kube.node.conftest import MOUNTS, NAMESPACE, Node, container, isolated, pod, shell

EMPTY_DIRS = [{"name": volume, "emptyDir": {}} for volume in MOUNTS]


@pytest.fixture
def objects(node: Node) -> None:
    data = {"password": base64.b64encode(b"$(A)-geheim").decode(), "user": base64.b64encode(b"me").decode()}
    node.registry.create("secrets", {"metadata": {"name": "login", "namespace": NAMESPACE}, "data": data})
    node.registry.create(
        "configmaps", {"metadata": {"name": "colours", "namespace": NAMESPACE}, "data": {"sky": "blue"}}
    )
    node.registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": NAMESPACE}})


def refers(kind: str, name: str, key: str, **more: object) -> Object:
    return {"valueFrom": {f"{kind}KeyRef": {"name": name, "key": key, **more}}}


def reader(script: str, *volumes: Object, **fields: object) -> tuple[Object, list[Object]]:
    """A container that mounts each volume at ``/`` and its name, and the pod's volumes."""
    mounts = [{"name": volume, "mountPath": path} for volume, path in MOUNTS.items()]
    mounts += [{"name": volume["name"], "mountPath": f"/workspace/{volume['name']}"} for volume in volumes]
    return shell(script, volumeMounts=mounts, **fields), [*EMPTY_DIRS, *volumes]


@pytest.mark.usefixtures("objects")
async def test_variables(node):
    env = [
        {"name": "A", "value": "a"},
        {"name": "PASSWORD", **refers("secret", "login", "password")},
        {"name": "SKY", **refers("configMap", "colours", "sky")},
        {"name": "NONE", **refers("configMap", "none", "sky", optional=True)},
        {"name": "POD", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
        {"name": "BOTH", "value": "$(POD)/$(SKY)"},
    ]
    whole = [{"prefix": "L_", "secretRef": {"name": "login"}}, {"configMapRef": {"name": "none", "optional": True}}]
    script = "echo $PASSWORD; echo $SKY ${NONE-unset} $POD $BOTH $L_user $0"
    _, log = await node.finished(shell(script, env=env, envFrom=whole, args=["$(POD)"]))
    assert log.splitlines() == ["$(A)-geheim", "blue unset weaver-1 weaver-1/blue me weaver-1"]


@pytest.mark.usefixtures("objects")
async def test_volumes(node):
    fields = {"items": [{"path": "who", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}]}
    parts = [
        {"configMap": {"name": "colours"}},
        {"secret": {"name": "login", "items": [{"key": "user", "path": "deep/name"}]}},
        {"downwardAPI": fields},
    ]
    main, volumes = reader(
        "cd /; for f in /workspace/secret/user /workspace/colours/sky /workspace/fields/who /workspace/all/sky /workspace/all/deep/name /workspace/all/who; do cat $f; done",
        {"name": "secret", "secret": {"secretName": "login", "defaultMode": 0o400}},
        {"name": "colours", "configMap": {"name": "colours", "defaultMode": 0o644}},
        {"name": "fields", "downwardAPI": {**fields, "defaultMode": 0o644}},
        {"name": "all", "projected": {"sources": parts, "defaultMode": 0o644}},
    )
    _, log = await node.finished(main, volumes=volumes)
    assert log == "meblueweaver-1bluemeweaver-1\n"


@isolated
@pytest.mark.usefixtures("objects")
async def test_what_comes_from_outside_cannot_be_written(node):
    main, volumes = reader(
        "echo x 2>/dev/null >/workspace/colours/sky || echo refused",
        {"name": "colours", "configMap": {"name": "colours", "defaultMode": 0o644}},
    )
    _, log = await node.finished(main, volumes=volumes)
    assert log == "refused\n"


@pytest.mark.usefixtures("objects")
async def test_a_token_is_for_its_audience_and_bound_to_the_pod(node):
    source = {"serviceAccountToken": {"path": "token", "audience": "loom", "expirationSeconds": 600}}
    main, volumes = reader(
        "cat /workspace/own/token", {"name": "own", "projected": {"sources": [source], "defaultMode": 0o644}}
    )
    found, log = await node.finished(main, volumes=volumes)
    claims = jwt.decode(log.strip(), options={"verify_signature": False})
    assert claims["aud"] == ["loom"]
    assert claims["exp"] - claims["iat"] == 600
    assert claims["kubernetes.io"]["pod"]["uid"] == found["metadata"]["uid"]
    user, _ = node.tokens.verify(log.strip(), ["loom"])
    assert json.dumps(user.name) == f'"system:serviceaccount:{NAMESPACE}:default"'


async def test_a_volume_waits_for_what_it_is_made_from(node):
    main, volumes = reader(
        "cat /workspace/late/k", {"name": "late", "configMap": {"name": "late", "defaultMode": 0o644}}
    )
    node.create(pod(main, volumes=volumes))
    await node.until(lambda _: any(event["reason"] == "FailedMount" for event in node.events()))
    assert "containerID" not in node.get()["status"]["containerStatuses"][0]
    node.registry.create("configmaps", {"metadata": {"name": "late", "namespace": NAMESPACE}, "data": {"k": "now"}})
    assert node.log(await node.phase("Succeeded")) == "now\n"


async def test_an_image_that_may_not_be_pulled(node):
    node.create(pod(container("weaver", "true", image="example.com/used:1"), name="first"))
    await node.phase("Succeeded", name="first")
    node.create(pod(container("weaver", "true", image="example.com/used:1", imagePullPolicy="Never"), name="second"))
    await node.phase("Succeeded", name="second")
