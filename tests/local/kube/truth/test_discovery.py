"""Discovery: what is told agrees with Kubernetes, entry for entry, and nothing is told that is not there."""

from typing import Any, Final

from local.kube.objects import Object
from tests.local.kube.api.conftest import Api
from tests.local.kube.recordings import RECORDINGS, recorded
from tests.local.kube.truth.tried import Tried

tried: Final = Tried()
HEADERS: Final = recorded("discovery/index.json")


async def get(api: Api, name: str) -> tuple[Any, Any]:
    """What is answered here and what was recorded; status and content type are the same."""
    asked = HEADERS[name]
    headers = {"Accept": asked["accept"]} if asked["accept"] else {}
    async with api.http.get(asked["path"], headers=headers) as answer:
        assert answer.status == asked["http_status"]
        assert answer.headers["Content-Type"] == asked["headers"]["content-type"]
        if name.endswith(".txt"):
            return await answer.text(), (RECORDINGS / "discovery" / name).read_text()
        return await answer.json(content_type=None), recorded(f"discovery/{name}")


@tried("api.json apis-authentication.k8s.io.json healthz.txt livez.txt readyz.txt")
async def test_the_same(api: Api, name: str):
    got, expected = await get(api, name)
    if name == "api.json":
        for each in (got, expected):
            each["serverAddressByClientCIDRs"][0].pop("serverAddress")
    assert got == expected


@tried("version.json")
async def test_the_version(api: Api, name: str):
    got, expected = await get(api, name)
    assert set(got) == set(expected)
    assert (got["major"], got["minor"]) == (expected["major"], expected["minor"])


def within(got: list[Object], expected: list[Object], key: str) -> None:
    """Every entry that is here is there, with the same fields, in the same order."""
    known = {entry[key]: entry for entry in expected}
    order = [entry[key] for entry in expected]
    assert [entry[key] for entry in got] == sorted((entry[key] for entry in got), key=order.index)
    for entry in got:
        other = dict(known[entry[key]])
        other.pop("storageVersionHash", None)
        for each in (entry, other):
            verbs = set(each.pop("verbs", ()))
            each["verbs"] = verbs
        assert entry.pop("verbs") <= other.pop("verbs")
        if "subresources" in other:
            within(entry.pop("subresources", []), other.pop("subresources"), "subresource")
        assert entry == other


@tried(
    """
    api-v1.json apis-authentication.k8s.io-v1.json apis-authorization.k8s.io-v1.json apis-networking.k8s.io-v1.json
    """
)
async def test_the_resources_of_a_group(api: Api, name: str):
    got, expected = await get(api, name)
    within(got.pop("resources"), expected.pop("resources"), "name")
    assert got == expected


@tried("apis.json")
async def test_the_groups(api: Api, name: str):
    got, expected = await get(api, name)
    assert [group for group in expected["groups"] if group in got["groups"]] == got["groups"]
    assert set(got) == set(expected)


@tried("api-aggregated.json api-aggregated-kubectl-accept-header.json apis-aggregated.json")
async def test_the_aggregated_form(api: Api, name: str):
    got, expected = await get(api, name)
    known = {group["metadata"].get("name", ""): group for group in expected.pop("items")}
    for group in got.pop("items"):
        other = known[group["metadata"].get("name", "")]
        for mine, theirs in zip(group["versions"], other["versions"], strict=True):
            within(mine.pop("resources"), theirs.pop("resources"), "resource")
            assert mine == theirs
    assert got == expected


@tried("readyz-verbose.txt")
async def test_health_in_detail(api: Api, name: str):
    """Deviates: only the last word."""
    got, expected = await get(api, name)
    assert (got, expected.splitlines()[-1]) == ("ok", "readyz check passed")


SCENARIOS: Final = tried
