"""The official Python client against the real program: a pod's life, seen from outside."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, manifest
from tests.local.kube.conftest import DEADLINE, RunningServer

#: It leaves the socket of a watch that was stopped to the garbage collector, which runs before each test is over.
pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Its types say that everything may be None.
official: Any = kubernetes


@pytest.fixture
def core(server: RunningServer) -> Iterator[Any]:
    with official.config.new_client_from_config(str(server.kubeconfig)) as api_client:
        api = official.client.CoreV1Api(api_client)
        api.create_namespace({"metadata": {"name": NAMESPACE}})
        yield api


def pod(name: str, script: str, *, tty: bool = False) -> Object:
    found = manifest(name, terminationGracePeriodSeconds=1)
    found["spec"]["containers"][0] |= {"command": ["sh", "-c", script], "tty": tty, "stdin": tty}
    return found


def wait_for(listing: Any, name: str, *wanted: str) -> list[tuple[str, str]]:
    """(type, phase) of what a watch of ``name`` tells, up to a type or phase in ``wanted``."""
    words = [] if listing.__name__ == "list_namespace" else [NAMESPACE]
    selector = f"metadata.name={name}"
    seen = []
    with contextlib.closing(
        official.watch.Watch().stream(listing, *words, field_selector=selector, timeout_seconds=DEADLINE)
    ) as events:
        for event in events:
            seen.append((event["type"], event["object"].status.phase))
            if set(seen[-1]) & set(wanted):
                return seen
    raise AssertionError(f"{wanted} did not come, but {seen}")


async def test_a_pod_from_create_to_gone(core: Any):
    def life() -> None:
        created = core.create_namespaced_pod(NAMESPACE, pod("one", "echo hello; exit 3"))
        assert created.status.phase == "Pending"
        assert wait_for(core.list_namespaced_pod, "one", "Failed")[-1][1] == "Failed"
        done = core.read_namespaced_pod("one", NAMESPACE)
        assert done.status.container_statuses[0].state.terminated.exit_code == 3
        assert core.read_namespaced_pod_log("one", NAMESPACE) == "hello\n"
        uid = done.metadata.uid
        events = core.list_namespaced_event(NAMESPACE, field_selector=f"involvedObject.uid={uid}").items
        assert {"Scheduled", "Started"} <= {event.reason for event in events}
        core.delete_namespaced_pod("one", NAMESPACE)
        assert core.list_namespaced_pod(NAMESPACE, label_selector="loom.dev/managed=true").items == []

    await asyncio.to_thread(life)


async def test_attaching_to_a_terminal(core: Any):
    def session() -> None:
        core.create_namespaced_pod(NAMESPACE, pod("one", "echo ready; read line; echo got-$line", tty=True))
        wait_for(core.list_namespaced_pod, "one", "Running")
        terminal = official.stream.stream(
            core.connect_get_namespaced_pod_attach, "one", NAMESPACE, stdin=True, stdout=True, tty=True,
            _preload_content=False,
        )  # fmt: skip
        try:
            terminal.write_stdin("it\n")
            terminal.run_forever(timeout=DEADLINE)
            assert "got-it" in terminal.read_stdout()
            assert terminal.read_channel(3) == '{"metadata":{},"status":"Success"}'
        finally:
            terminal.close()

    await asyncio.to_thread(session)


async def test_deleting_a_running_pod_and_its_namespace(core: Any):
    def life() -> None:
        core.create_namespaced_pod(NAMESPACE, pod("one", "sleep 1000"))
        core.create_namespaced_pod(NAMESPACE, pod("two", "sleep 1000"))
        for name in ("one", "two"):
            wait_for(core.list_namespaced_pod, name, "Running")
        core.delete_namespaced_pod("one", NAMESPACE, grace_period_seconds=0)
        with pytest.raises(ApiException) as caught:
            core.read_namespaced_pod("one", NAMESPACE)
        assert caught.value.status == 404
        core.delete_namespace(NAMESPACE)
        wait_for(core.list_namespace, NAMESPACE, "DELETED")

    await asyncio.to_thread(life)


async def test_what_is_stored(core: Any):
    def crud() -> None:
        made = core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": "s"}, "stringData": {"a": "b"}})
        assert made.data == {"a": "Yg=="}
        assert core.patch_namespaced_secret("s", NAMESPACE, {"data": {"c": "ZA=="}}).data == {"a": "Yg==", "c": "ZA=="}
        patch = [{"op": "remove", "path": "/data/a"}]
        assert core.patch_namespaced_secret("s", NAMESPACE, patch).data == {"c": "ZA=="}
        made.data = {"e": "Zg=="}
        with pytest.raises(ApiException) as stale:
            core.replace_namespaced_secret("s", NAMESPACE, made)
        assert (stale.value.status, stale.value.reason) == (409, "Conflict")
        made.metadata.resource_version = None
        assert core.replace_namespaced_secret("s", NAMESPACE, made).data == {"e": "Zg=="}
        account = {"metadata": {"name": "sa"}}
        core.create_namespaced_service_account(NAMESPACE, account)
        request = {"spec": {"audiences": ["loom"], "expirationSeconds": 600}}
        token = core.create_namespaced_service_account_token("sa", NAMESPACE, request).status.token
        review = {"spec": {"token": token, "audiences": ["loom"]}}
        reviewed = official.client.AuthenticationV1Api(core.api_client).create_token_review(review).status
        assert (reviewed.authenticated, reviewed.user.username) == (True, f"system:serviceaccount:{NAMESPACE}:sa")
        assert core.read_node("node1").status.conditions
        core.delete_collection_namespaced_secret(NAMESPACE)
        assert core.list_namespaced_secret(NAMESPACE).items == []

    await asyncio.to_thread(crud)


async def test_a_watch_that_is_ended_goes_on(core: Any):
    def watch() -> None:
        seen, version = [], core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
        for number in range(3):
            core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": f"c{number}"}})
            watching = official.watch.Watch()
            listing = core.list_namespaced_config_map
            events = watching.stream(listing, NAMESPACE, resource_version=version, timeout_seconds=1)
            seen += [(event["type"], event["object"].metadata.name) for event in events]
            version = watching.resource_version
        assert seen == [("ADDED", f"c{number}") for number in range(3)]

    await asyncio.to_thread(watch)


async def test_errors_carry_their_status(core: Any):
    def wrong() -> None:
        with pytest.raises(ApiException) as caught:
            core.create_namespaced_pod(NAMESPACE, manifest("Bad_Name"))
        assert caught.value.status == 422
        assert '"field":"metadata.name"' in str(caught.value.body)
        with pytest.raises(ApiException) as caught:
            core.list_namespaced_pod(NAMESPACE, field_selector="spec.colour=red")
        assert caught.value.status == 400

    await asyncio.to_thread(wrong)


async def test_discovery(core: Any):
    def ask() -> None:
        names = {resource.name for resource in core.get_api_resources().resources}
        assert {"pods", "pods/log", "pods/attach", "namespaces", "events", "secrets", "serviceaccounts/token"} <= names
        assert official.client.CoreApi(core.api_client).get_api_versions().versions == ["v1"]
        groups = official.client.ApisApi(core.api_client).get_api_versions().groups
        assert "rbac.authorization.k8s.io" in {group.name for group in groups}
        assert official.client.VersionApi(core.api_client).get_code().minor == "36"

    await asyncio.to_thread(ask)
