"""Lists: selectors, pages, versions."""

import asyncio

import pytest

from local.kube.registry import Registry
from tests.local.kube.api.conftest import PODS, Api, serving
from tests.local.kube.recordings import recorded


async def test_an_empty_list_looks_as_recorded(api: Api):
    status, body = await api.call("GET", f"{PODS}?labelSelector=none%3Dnone")
    expected = recorded("lists/empty.json")["body"]
    expected["metadata"]["resourceVersion"] = str(api.registry.version)
    assert (status, body) == (200, expected)


async def test_items_carry_no_kind(api: Api):
    api.store("one", "running-ready")
    _, body = await api.call("GET", PODS)
    assert (body["kind"], body["apiVersion"]) == ("PodList", "v1")
    assert "kind" not in body["items"][0]
    _, one = await api.call("GET", f"{PODS}/one")
    assert (one["kind"], one["apiVersion"]) == ("Pod", "v1")


async def test_selectors(api: Api):
    api.store("done", "succeeded-exit-0")
    api.store("up", "running-ready")

    async def names(query: str) -> list[str]:
        status, body = await api.call("GET", f"/api/v1/pods?{query}")
        assert status == 200
        return [item["metadata"]["name"] for item in body["items"]]

    assert await names("fieldSelector=status.phase%3DRunning") == ["up"]
    assert await names("fieldSelector=status.phase!%3DRunning,metadata.name%3Ddone") == ["done"]
    assert await names("labelSelector=loom.dev/managed%3Dtrue") == ["done", "up"]
    assert await names("labelSelector=loom.dev/managed%20in%20(false)") == []
    assert await names("labelSelector=!loom.dev/managed") == []


async def test_pages_show_the_version_of_the_first_one(api: Api):
    for number in range(5):
        api.store(f"pod-{number}", "running-ready")
    first_path = f"{PODS}?limit=2"
    _, first = await api.call("GET", first_path)
    version = first["metadata"]["resourceVersion"]
    assert first["metadata"]["remainingItemCount"] == 3
    await api.call("DELETE", f"{PODS}/pod-3?gracePeriodSeconds=0")
    api.store("pod-9", "running-ready")
    names = [item["metadata"]["name"] for item in first["items"]]
    page = first
    while token := page["metadata"].get("continue"):
        _, page = await api.call("GET", f"{first_path}&continue={token}")
        assert page["metadata"]["resourceVersion"] == version
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == [f"pod-{number}" for number in range(5)]


async def test_no_count_of_the_rest_with_a_selector(api: Api):
    for number in range(3):
        api.store(f"pod-{number}", "running-ready")
    _, page = await api.call("GET", f"{PODS}?limit=1&labelSelector=loom.dev/managed%3Dtrue")
    assert set(page["metadata"]) == {"resourceVersion", "continue"}
    for query in ("limit=1&resourceVersion=0", "limit=-1"):
        _, whole = await api.call("GET", f"{PODS}?{query}")
        assert len(whole["items"]) == 3


async def test_an_expired_page_goes_on_inconsistently():
    async with serving(Registry(history=4)) as api:
        for number in range(4):
            api.store(f"pod-{number}", "running-ready")
        _, first = await api.call("GET", f"{PODS}?limit=2")
        for number in range(4, 10):
            api.store(f"pod-{number}", "running-ready")
        status, body = await api.call("GET", f"{PODS}?limit=2&continue={first['metadata']['continue']}")
        expected = recorded("errors/410-list-expired-continue.json")["body"]
        fresh = body["metadata"].pop("continue")
        del expected["metadata"]["continue"]
        assert (status, body) == (410, expected)
        status, body = await api.call("GET", f"{PODS}?continue={fresh}")
        assert [item["metadata"]["name"] for item in body["items"]][:2] == ["pod-2", "pod-3"]
        status, body = await api.call("GET", f"{PODS}?resourceVersion=1&resourceVersionMatch=Exact")
        assert (status, body) == (410, recorded("errors/410-list-exact-old-resource-version.json")["body"])


@pytest.mark.parametrize("path", [PODS, f"{PODS}/one"])
async def test_a_version_from_the_future(api: Api, path: str):
    api.store("one", "running-ready")
    async with api.http.get(f"{path}?resourceVersion=99999999") as answer:
        body = await answer.json()
        assert answer.status == 504
        assert answer.headers["Retry-After"] == "1"
    expected = recorded("errors/504-list-resource-version-in-the-future.json")["body"]
    assert body["details"] == expected["details"]
    assert body["reason"] == expected["reason"]


async def test_a_garbled_continue_token(api: Api):
    status, body = await api.call("GET", f"{PODS}?limit=1&continue=garbage")
    expected = recorded("errors/400-bad-continue.json")["body"]
    assert (status, body["reason"]) == (400, expected["reason"])
    assert body["message"].startswith("invalid continue token: continue key is not valid: ")


async def test_many_clients_list_at_once(api: Api):
    api.store("one", "running-ready")
    answers = await asyncio.gather(*(api.call("GET", PODS) for _ in range(50)))
    assert {status for status, _ in answers} == {200}
