"""Service account tokens: what is in them, what reviews say of them, and what they are good for."""

import copy
from typing import Any, Final

import jwt
import pytest

from local.kube.objects import Object
from tests.local.kube.api.conftest import NAMESPACE, PODS, Api
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.tried import Tried, same

tried: Final = Tried()

POD: Final = "weaver-01a2030d-107d-717e-a843-959a26da5f74"
TOKENS: Final = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/weaver/token"
REVIEWS: Final = "/apis/authentication.k8s.io/v1/tokenreviews"


@pytest.fixture
async def bound(api: Api) -> Api:
    """With the account and the pod of the recordings."""
    api.registry.create("serviceaccounts", {"metadata": {"name": "weaver", "namespace": NAMESPACE}})
    api.store(POD, "running-ready")
    api.registry.update("pods", NAMESPACE, POD, lambda pod: pod["spec"].update(serviceAccountName="weaver"))
    return api


def here(api: Api, recording: Any) -> Any:
    """``recording`` with the uids that things have here."""
    uids = {
        "623d3f66-9b9e-46a8-aa10-cfe830a474ad": api.registry.get("nodes", "", "node1"),
        "525bdc94-d39a-4cd2-9afc-d2bdc48b8ea4": api.registry.get("pods", NAMESPACE, POD),
        "d7ddc3d9-c4c0-4354-9696-f5fb485a1560": api.registry.get("serviceaccounts", NAMESPACE, "weaver"),
    }

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replaced(item) for item in value]
        return uids[value]["metadata"]["uid"] if value in uids else value

    return replaced(recording)


def claims(token: str) -> Object:
    found: Object = jwt.decode(token, options={"verify_signature": False})
    return found


def same_claims(got: Object, expected: Object) -> None:
    """Times are compared as how long the token lives."""
    for each in (got, expected):
        each["exp"] -= each["iat"]
        assert each["nbf"] == each.pop("iat")
        del each["nbf"], each["jti"]
    assert got == expected


@tried(
    """
    tokenrequest-bound-to-pod-audience-loom tokenrequest-default-audience tokenrequest-not-bound-audience-loom
    tokenrequest-two-audiences-bound-to-pod
    """
)
async def test_a_token_is_requested(bound: Api, name: str):
    recording = here(bound, recorded(f"tokens/{name}.json"))
    status, body = await bound.call("POST", TOKENS, recording["request"]["body"])
    token = body["status"]["token"]
    assert set(body["status"]) == set(recording["body"]["status"])
    for each in (body, recording["body"]):
        del each["metadata"]["creationTimestamp"], each["status"]
    same(recording, status, body)
    same_claims(claims(token), recording["token_decoded"]["payload"])
    header = jwt.get_unverified_header(token)
    assert set(header) == set(recording["token_decoded"]["header"])
    assert header["alg"] == recording["token_decoded"]["header"]["alg"]


async def issued(api: Api, **spec: Any) -> str:
    status, body = await api.call("POST", TOKENS, {"spec": spec})
    assert status == 201, body
    return str(body["status"]["token"])


def bound_to_pod() -> Object:
    return {"kind": "Pod", "apiVersion": "v1", "name": POD}


@tried("projected-token")
async def test_the_token_of_a_projected_volume(bound: Api, name: str):
    """As the kubelet asks for it; that it comes into the pod is the kubelet's own test."""
    recording = here(bound, recorded(f"tokens/{name}.json"))
    account = bound.registry.get("serviceaccounts", NAMESPACE, "weaver")
    pod = bound.registry.get("pods", NAMESPACE, POD)
    token = bound.tokens.issue(account, audiences=["loom"], seconds=3600, pod=pod)
    same_claims(claims(token), recording["token_decoded"]["payload"])


async def token_for(api: Api, name: str) -> str:
    """The token that the recorded review was about."""
    if "default-audience" in name:
        return await issued(api)
    if "not-bound" in name:
        return await issued(api, audiences=["loom"])
    audiences = ["loom", "other"] if "two-audiences-both" in name else ["loom"]
    token = await issued(api, audiences=audiences, boundObjectRef=bound_to_pod())
    if "bad-signature" in name or "truncated" in name:
        head, _, signature = token.rpartition(".")
        return f"{head}.{signature[:-8] + 'AAAAAAAA' if 'bad' in name else ''}"
    return "garbage" if "garbage" in name else token


@tried(
    """
    tokenreview-bad-signature tokenreview-default-audience-no-audiences-asked tokenreview-garbage
    tokenreview-no-audiences-asked tokenreview-not-bound tokenreview-pod-deleted-15-seconds-ago
    tokenreview-pod-just-deleted tokenreview-pod-terminating tokenreview-projected-pod-deleted tokenreview-projected-valid
    tokenreview-token-with-two-audiences-both-asked tokenreview-truncated tokenreview-valid
    tokenreview-valid-one-of-two-audiences tokenreview-wrong-audience
    """
)
async def test_a_token_is_reviewed(bound: Api, name: str):
    recording = here(bound, recorded(f"tokens/{name}.json"))
    if name == "tokenreview-pod-just-deleted":  # deviates: as if it were long ago
        recording["body"]["status"] = recorded("tokens/tokenreview-pod-deleted-15-seconds-ago.json")["body"]["status"]
    token = await token_for(bound, name)
    if "delet" in name or "terminating" in name:
        await bound.call("DELETE", f"{PODS}/{POD}?gracePeriodSeconds={30 if 'terminating' in name else 0}")
    review = copy.deepcopy(recording["request"]["body"])
    review["spec"]["token"] = recording["body"]["spec"]["token"] = token
    status, body = await bound.call("POST", REVIEWS, review)
    if body["status"].get("authenticated"):
        extra = "authentication.kubernetes.io/credential-id"
        ids = [each["status"]["user"]["extra"].pop(extra)[0] for each in (body, recording["body"])]
        assert [one.partition("=")[0] for one in ids] == ["JTI", "JTI"]
        assert ids[0] == f"JTI={claims(token)['jti']}"
    same(recording, status, body)


@tried("pod-deleted-acceptance-over-time")
async def test_a_token_after_its_pod(bound: Api, name: str):
    """Deviates: at once, where Kubernetes took three seconds."""
    answers = recorded(f"tokens/{name}.json")["answers"]
    assert [accepted for _, accepted in answers][-1] is False
    token = await token_for(bound, "tokenreview-valid")
    await bound.call("DELETE", f"{PODS}/{POD}?gracePeriodSeconds=0")
    _, body = await bound.call("POST", REVIEWS, {"spec": {"token": token, "audiences": ["loom"]}})
    assert "authenticated" not in body["status"]


@tried("401-loom-audience-token-used-on-the-api-server 403-default-audience-token-used-on-the-api-server")
async def test_a_token_used_on_the_server_itself(bound: Api, name: str):
    recording = recorded(f"tokens/{name}.json")
    token = await (issued(bound, audiences=["loom"]) if "loom" in name else issued(bound))
    same(recording, *await bound.call("GET", PODS, Authorization=f"Bearer {token}"))


@tried("selfsubjectreview")
async def test_who_am_i(bound: Api, name: str):
    recording = here(bound, recorded(f"tokens/{name}.json"))
    token = await issued(bound)
    status, body = await bound.call("POST", recording["request"]["path"], {}, Authorization=f"Bearer {token}")
    for each in (body, recording["body"]):
        del each["metadata"]["creationTimestamp"]
        assert each["status"]["userInfo"]["extra"].popitem()[1][0].startswith("JTI=")
    same(recording, status, body)


SCENARIOS: Final = tried
