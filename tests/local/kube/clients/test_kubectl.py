"""kubectl 1.36 against the real program: the commands of a day."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.kube.objects import Object
from tests.local.kube.clients.conftest import Kubectl, pod
from tests.local.kube.conftest import RunningServer


def written(kube: Kubectl, found: Object) -> str:
    path = kube.folder / f"{found['metadata']['name']}.json"
    path.write_text(json.dumps(found))
    return str(path)


async def run(test: Callable[..., None], *arguments: Any) -> None:
    """kubectl blocks, and so has a thread of its own."""
    await asyncio.to_thread(test, *arguments)


def life(kube: Kubectl) -> None:
    assert kube("create", "-f", written(kube, pod("one", "echo hello; exec sleep 1000"))) == "pod/one created\n"
    assert kube("wait", "--for=condition=Ready", "pod/one", "--timeout=20s") == "pod/one condition met\n"
    header, row = kube("get", "pods").splitlines()
    assert header.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row.split()[:4] == ["one", "1/1", "Running", "0"]
    assert "node1" in kube("get", "pod", "one", "-o", "wide")
    assert kube("get", "pod", "one", "-o", "jsonpath={.status.phase}") == "Running"
    assert kube("logs", "one") == "hello\n"
    described = kube("describe", "pod", "one")
    assert "Successfully assigned loom-weavers/one to node1" in described
    assert "Started" in kube("get", "events")
    assert kube("delete", "pod", "one") == 'pod "one" deleted from loom-weavers namespace\n'
    gone = kube.run("get", "pod", "one")
    assert (gone.returncode, gone.stderr) == (1, 'Error from server (NotFound): pods "one" not found\n')


async def test_the_life_of_a_pod(kube: Kubectl):
    await run(life, kube)


def following(kube: Kubectl) -> None:
    with kube.started("get", "pods", "-w", "--no-headers") as watch:
        script = "echo begun; while ! [ -e /tmp/end ]; do sleep 0.05; done; echo over"
        kube("create", "-f", written(kube, pod("one", script)))
        kube("wait", "--for=condition=Ready", "pod/one", "--timeout=20s")
        with kube.started("logs", "-f", "one") as logs:
            assert logs.stdout is not None
            assert logs.stdout.readline() == "begun\n"
            # The pod, which this ends, may take the program that ended it along.
            assert kube.run("exec", "one", "--", "touch", "/tmp/end").returncode in (0, 137)
            assert logs.stdout.read() == "over\n"
            assert logs.wait() == 0
        kube("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/one", "--timeout=20s")
        kube("delete", "pod", "one", "--wait=false")
        kube("wait", "--for=delete", "pod/one", "--timeout=20s")
        assert watch.stdout is not None
        seen = []
        while "Completed" not in seen:
            seen.append(watch.stdout.readline().split()[2])
    assert "Running" in seen


async def test_watching_and_following(kube: Kubectl):
    await run(following, kube)


def changing(kube: Kubectl) -> None:
    path = written(kube, pod("one", "exec sleep 1000"))
    assert kube("apply", "-f", path) == "pod/one created\n"
    assert kube("apply", "-f", path) == "pod/one unchanged\n"
    assert kube("label", "pod", "one", "team=red") == "pod/one labeled\n"
    assert kube("annotate", "pod", "one", "a=b") == "pod/one annotated\n"
    assert kube("patch", "pod", "one", "-p", '{"metadata":{"labels":{"more":"1"}}}') == "pod/one patched\n"
    assert kube("get", "pods", "-l", "team=red,more=1", "-o", "name") == "pod/one\n"
    assert kube.run("create", "-f", path).stderr.endswith('pods "one" already exists\n')
    assert kube("delete", "pods", "-l", "team=red", "--now") == 'pod "one" deleted from loom-weavers namespace\n'


async def test_changing_what_is_there(kube: Kubectl):
    await run(changing, kube)


def chores(kube: Kubectl) -> None:
    names = kube("get", "ns", "-o", "name").split()
    assert names == [f"namespace/{name}" for name in ("default", "kube-system", "loom", "loom-weavers")]
    assert kube("get", "nodes", "--no-headers").split()[:2] == ["node1", "Ready"]
    assert {"pods", "secrets", "roles"} <= {line.split()[0] for line in kube("api-resources").splitlines()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    kube("create", "-f", written(kube, secret))
    assert kube("get", "secret", "s", "-o", "jsonpath={.data.a}") == "Yg=="
    assert kube("get", "secret", "s", "--no-headers").split()[:3] == ["s", "Opaque", "1"]
    assert kube("create", "token", "default", "--audience=loom", "--duration=10m").count(".") == 2
    unknown = {**pod("two", "true"), "sepc": {}}
    refused = kube.run("create", "-f", written(kube, unknown))
    assert (refused.returncode, 'strict decoding error: unknown field "sepc"' in refused.stderr) == (1, True)
    bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}}
    bare["spec"] = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "x/y:1"}]}
    forbidden = kube.run("create", "-f", written(kube, bare))
    assert 'pods "bare" is forbidden: violates PodSecurity "restricted:latest": ' in forbidden.stderr


async def test_what_an_administrator_looks_at(kube: Kubectl):
    await run(chores, kube)


#: DESIGN §7, and what it leaves out.
RIGHTS = {
    "control-plane": (
        {
            "get ns/loom-weavers", "get pods", "create pods", "list pods", "delete pods", "get pods/log",
            "list events",
        },
        {"watch pods", "update pods", "create pods/exec", "get pods/exec", "get secrets", "list ns", "get ns/loom"},
    ),
    "relay": (
        {
            "get pods", "list pods", "watch pods", "list events", "watch events", "get pods/log", "get pods/attach",
            "create pods/attach", "get pods/exec", "create pods/exec", "get pods/portforward", "create pods/portforward",
        },
        {"create pods", "delete pods", "patch pods", "get secrets", "get configmaps", "create serviceaccounts/token"},
    ),
}  # fmt: skip


def rights(kube: Kubectl, account: str) -> None:
    may, may_not = RIGHTS[account]
    own = Kubectl(kube.folder / account, kube.folder)
    for right in sorted(may | may_not):
        verb, what = right.split()
        resource, _, subresource = what.partition("/")
        words = (what,) if resource == "ns" else (resource, *([f"--subresource={subresource}"] if subresource else []))
        done = own.run("auth", "can-i", verb, *words)
        assert done.stdout == ("yes\n" if right in may else "no\n"), (right, done.stderr)
        as_admin = kube.run("auth", "can-i", verb, *words, f"--as=system:serviceaccount:loom:{account}")
        assert as_admin.stdout == done.stdout
    outside = own.run("get", "pods", namespace="default")
    assert outside.stderr == (
        f'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:loom:{account}" cannot list'
        ' resource "pods" in API group "" in the namespace "default"\n'
    )
    assert f"system:serviceaccount:loom:{account}" in own("auth", "whoami")


@pytest.mark.parametrize("account", RIGHTS)
async def test_our_parts_may_do_what_the_design_says_and_no_more(
    kube: Kubectl, tls_server: RunningServer, tmp_path: Path, account: str
):
    await run(rights, kube, account)
