"""lightkube against the real program: a second client, with models and a way to watch of its own."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Event, Namespace, Node, Pod, Secret
from lightkube.types import PatchType

from tests.local.kube.conftest import RunningServer

NAMESPACE = "made-by-lightkube"


def client(server: RunningServer) -> Client:
    made = Client(config=KubeConfig.from_file(str(server.kubeconfig)), namespace=NAMESPACE)
    made.create(Namespace(metadata=ObjectMeta(name=NAMESPACE)))
    return made


def pod(name: str, script: str) -> Pod:
    containers = [Container(name="main", image="x/y:1", command=["sh", "-c", script])]
    spec = PodSpec(containers=containers, restartPolicy="Never", terminationGracePeriodSeconds=1)
    return Pod(metadata=ObjectMeta(name=name, labels={"made": "here"}), spec=spec)


async def run(test: Callable[[Client], None], server: RunningServer) -> None:
    def with_client() -> None:
        with contextlib.closing(client(server)) as api:
            test(api)

    await asyncio.to_thread(with_client)


def crud(api: Client) -> None:
    made = api.create(ConfigMap(metadata=ObjectMeta(name="c"), data={"a": "1"}))
    assert made.metadata is not None
    made.data = {"a": "2"}
    assert api.replace(made).data == {"a": "2"}
    with pytest.raises(ApiError) as stale:
        api.replace(made)
    assert (stale.value.status.code, stale.value.status.reason) == (409, "Conflict")
    patched = api.patch(ConfigMap, "c", {"data": {"b": "3", "a": None}}, patch_type=PatchType.MERGE)
    assert patched.data == {"b": "3"}
    patch = [{"op": "replace", "path": "/data/b", "value": "4"}]
    assert api.patch(ConfigMap, "c", patch, patch_type=PatchType.JSON).data == {"b": "4"}
    api.create(Secret(metadata=ObjectMeta(name="s"), stringData={"a": "b"}))
    assert api.get(Secret, "s").data == {"a": "Yg=="}
    assert [found.metadata.name for found in api.list(ConfigMap) if found.metadata] == ["c"]
    api.delete(ConfigMap, "c")
    with pytest.raises(ApiError) as gone:
        api.get(ConfigMap, "c")
    assert gone.value.status.code == 404
    assert api.get(Node, "node1").status is not None


async def test_create_replace_patch_and_delete(tls_server: RunningServer):
    await run(crud, tls_server)


def life(api: Client) -> None:
    api.create(pod("one", "echo hello; exit 3"))
    phases = []
    for kind, found in api.watch(Pod, fields={"metadata.name": "one"}):
        assert found.status is not None
        phases.append((kind, found.status.phase))
        if found.status.phase == "Failed":
            break
    assert phases[0][0] == "ADDED"
    assert list(api.log("one")) == ["hello\n"]
    reasons = {event.reason for event in api.list(Event, fields={"involvedObject.name": "one"})}
    assert {"Scheduled", "Started"} <= reasons
    api.deletecollection(Pod)
    assert list(api.list(Pod)) == []


async def test_the_life_of_a_pod(tls_server: RunningServer):
    await run(life, tls_server)


def reconnecting(api: Client) -> None:
    """The server ends the watch every second; nothing may be missed and nothing told twice."""
    api.create(Secret(metadata=ObjectMeta(name="first")))
    watch = api.watch(Secret, server_timeout=1)
    assert next(watch)[0] == "ADDED"
    seen: list[Any] = []
    wanted: list[Any] = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        name = f"s{len(wanted)}"
        api.create(Secret(metadata=ObjectMeta(name=name)))
        api.delete(Secret, name)
        wanted += [("ADDED", name), ("DELETED", name)]
        while len(seen) < len(wanted):
            kind, found = next(watch)
            assert found.metadata is not None
            seen.append((kind, found.metadata.name))
    assert seen == wanted


async def test_a_watch_that_is_ended_goes_on(tls_server: RunningServer):
    await run(reconnecting, tls_server)


def streaming(api: Client) -> None:
    api.create(pod("one", "echo first; until [ -e /tmp/end ]; do sleep 0.05; done; echo last"))
    api.wait(Pod, "one", for_conditions=["Ready"])
    done = api.exec("one", command=["sh", "-c", "cat; echo oops >&2; exit 7"], stdin="in", stdout=True, stderr=True)
    assert (done.stdout, done.stderr, done.exit_code) == ("in", "oops\n", 7)
    lines = api.log("one", follow=True)
    assert next(lines) == "first\n"
    # The pod, which this ends, may take the program that ended it along.
    assert api.exec("one", command=["touch", "/tmp/end"]).exit_code in (0, 137)
    assert list(lines) == ["last\n"]


async def test_exec_and_a_followed_log(tls_server: RunningServer):
    await run(streaming, tls_server)
