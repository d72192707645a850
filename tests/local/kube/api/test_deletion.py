"""Deleting pods and namespaces."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.kube.objects import parse_time
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api, manifest
from tests.local.kube.recordings import recorded


def deletion(pod: Any) -> tuple[datetime, int]:
    return parse_time(pod["metadata"]["deletionTimestamp"]), pod["metadata"]["deletionGracePeriodSeconds"]


async def test_a_running_pod_keeps_its_grace_period(api: Api):
    api.store("one", "running-ready")
    status, pod = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=20")
    recording = recorded("errors/200-delete-with-grace.json")["body"]
    assert status == 200
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 20
    assert set(recording["metadata"]) - {"annotations"} == set(pod["metadata"]) | {"generation"}
    assert (await api.call("GET", f"{PODS}/one"))[0] == 200


async def test_a_longer_grace_changes_nothing_and_a_shorter_one_shortens(api: Api):
    api.store("one", "running-ready")
    _, first = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=20")
    status, longer = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=25")
    assert (status, longer) == (200, first)
    _, shorter = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=5")
    assert deletion(shorter) == (deletion(first)[0] - timedelta(seconds=15), 5)


@pytest.mark.parametrize(
    ("scenario", "query"),
    [
        ("running-ready", "?gracePeriodSeconds=0"),
        ("succeeded-exit-0", ""),
        ("failed-exit-3", "?gracePeriodSeconds=30"),
        ("pending-just-created", "?gracePeriodSeconds=30"),
    ],
)
async def test_what_vanishes_at_once(api: Api, scenario: str, query: str):
    api.store("one", scenario)
    status, pod = await api.call("DELETE", f"{PODS}/one{query}")
    assert (status, deletion(pod)[1]) == (200, 0)
    assert (await api.call("GET", f"{PODS}/one"))[0] == 404
    assert (await api.call("POST", PODS, manifest("one")))[0] == 201


async def test_options_in_the_body_count_alone(api: Api):
    api.store("one", "running-ready")
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 7}
    _, pod = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=0", options)
    assert deletion(pod)[1] == 7


async def test_a_negative_grace_becomes_one_second(api: Api):
    api.store("one", "running-ready")
    _, pod = await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=-1")
    assert deletion(pod)[1] == 1


async def test_a_dry_run_deletes_nothing(api: Api):
    api.store("one", "running-ready")
    assert (await api.call("DELETE", f"{PODS}/one?gracePeriodSeconds=0&dryRun=All"))[0] == 200
    assert (await api.call("GET", f"{PODS}/one"))[0] == 200


async def test_preconditions(api: Api):
    pod = api.store("one", "running-ready")
    for field, wrong in (("uid", "00000000-0000-4000-8000-000000000000"), ("resourceVersion", "1")):
        recording = recorded(f"errors/409-delete-precondition-{'uid' if field == 'uid' else 'resource-version'}.json")
        status, body = await api.call("DELETE", f"{PODS}/one", {"preconditions": {field: wrong}})
        assert (status, body["reason"]) == (409, recording["body"]["reason"])
        there, here = recording["body"]["details"]["name"], "one"
        assert body["details"] == {**recording["body"]["details"], "name": here}
        assert body["message"].split("(")[0] == recording["body"]["message"].split("(")[0].replace(there, here)
    uid = pod["metadata"]["uid"]
    assert (await api.call("DELETE", f"{PODS}/one", {"preconditions": {"uid": uid}}))[0] == 200


async def test_a_namespace_goes_after_its_pods(api: Api):
    assert (await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}}))[0] == 201
    subscription = api.registry.subscribe()
    pods = "/api/v1/namespaces/team/pods"
    assert (await api.call("POST", pods, manifest("unscheduled")))[0] == 201
    assert (await api.call("POST", pods, manifest("running")))[0] == 201
    api.registry.update("pods", "team", "running", lambda pod: pod["spec"].update(nodeName="laptop"))
    status, body = await api.call("DELETE", "/api/v1/namespaces/team")
    assert (status, body["status"]) == (200, recorded("errors/200-namespace-delete-answer.json")["body"]["status"])
    status, body = await api.call("POST", pods, manifest("late"))
    expected = recorded("errors/403-create-in-terminating-namespace.json")["body"]
    assert (status, body["details"]["causes"][0]["reason"]) == (403, expected["details"]["causes"][0]["reason"])

    async def until(kind: str, name: str, resource: str) -> None:
        async with asyncio.timeout(20):
            while (change := await subscription.next()) is not None:
                if (change.type, change.object["metadata"]["name"], change.resource) == (kind, name, resource):
                    return

    await until("DELETED", "unscheduled", "pods")
    assert "deletionTimestamp" in api.registry.get("pods", "team", "running")["metadata"]
    api.registry.delete("pods", "team", "running")  # as the node does when the containers are over
    await until("DELETED", "team", "namespaces")
    assert (await api.call("GET", "/api/v1/namespaces/team"))[0] == 404


@pytest.mark.parametrize("name", ["default", "kube-system"])
async def test_namespaces_that_stay(api: Api, name: str):
    status, body = await api.call("DELETE", f"/api/v1/namespaces/{name}")
    assert (status, body["reason"]) == (403, "Forbidden")


async def test_names_of_namespaces_are_labels(api: Api):
    status, body = await api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "a.b"}})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "metadata.name")
    _, body = await api.call("GET", f"/api/v1/namespaces/{NAMESPACE}")
    assert body["kind"] == "Namespace"
