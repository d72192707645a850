"""Errors about who asks: tokens, rights, and requests for tokens."""

import copy
from typing import Any, Final

import aiohttp
import pytest

from local.kube.auth.rbac import GROUP
from local.kube.auth.tokens import ServiceAccountTokens
from tests.local.kube.api.conftest import NAMESPACE, Api, manifest
from tests.local.kube.api.standin import StandInContainer
from tests.local.kube.recordings import recorded
from tests.local.kube.truth.tried import RUNNING, STATES, UPGRADE, Tried, same

tried: Final = Tried()

#: Accounts of the recordings, and the rights that each has.
ACCOUNTS: Final[dict[str, list[tuple[str, str]]]] = {
    "nobody": [],
    "weaver": [],
    "exec-create": [("create", "pods/exec")],
    "exec-get": [("get", "pods/exec"), ("get", "pods/attach"), ("get", "pods/portforward")],
    "exec-both": [("get", "pods/exec"), ("create", "pods/exec")],
}


def account(api: Api, name: str) -> str:
    """Makes the account with its rights; its token."""
    metadata = {"name": name, "namespace": NAMESPACE}
    made = api.registry.create("serviceaccounts", {"metadata": metadata})
    rules = [{"verbs": [verb], "apiGroups": [""], "resources": [resource]} for verb, resource in ACCOUNTS[name]]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
    role = {"apiGroup": GROUP, "kind": "Role", "name": name}
    api.registry.create(f"roles.{GROUP}", {"metadata": metadata, "rules": rules})
    api.registry.create(f"rolebindings.{GROUP}", {"metadata": metadata, "subjects": [subject], "roleRef": role})
    return api.tokens.issue(made)


def use(api: Api, token: str) -> None:
    api.http.headers["Authorization"] = f"Bearer {token}"


async def ask(api: Api, recording: Any, body: Any = None, **headers: str) -> tuple[int, Any]:
    request = recording["request"]
    return await api.call(request["method"], request["path"], body, **headers)


@tried(
    """
    403-rbac-create-pod 403-rbac-get-pod 403-rbac-get-pod-that-does-not-exist 403-rbac-list-all-namespaces
    403-rbac-list-pods 403-rbac-log 403-rbac-tokenreview 403-rbac-unknown-path 403-rbac-watch-pods
    """
)
async def test_without_the_right(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    use(api, account(api, "nobody"))
    same(recording, *await ask(api, recording, manifest() if name == "403-rbac-create-pod" else None))


@pytest.mark.parametrize("token", ["nobody"])
@tried("403-rbac-exec")
async def test_exec_without_the_right(api: Api, name: str, token: str):
    recording = recorded(f"errors/{name}.json")
    use(api, account(api, token))
    same(recording, *await ask(api, recording, **UPGRADE))


@tried(
    """
    403-attach-websocket-with-only-get 403-exec-websocket-with-only-create-on-pods-exec
    403-exec-websocket-with-only-get-on-pods-exec 403-portforward-websocket-with-only-get
    400-exec-post-with-only-create-on-pods-exec
    """
)
async def test_streams_need_two_verbs(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    for pod in STATES:
        api.store(pod, STATES[pod])
    use(api, account(api, "exec-create" if "only-create" in name else "exec-get"))
    headers = {} if recording["request"]["method"] == "POST" else UPGRADE
    same(recording, *await ask(api, recording, **headers))


@tried("101-exec-websocket-with-get-and-create-on-pods-exec")
async def test_streams_with_both_verbs(api: Api, name: str):
    path = recorded(f"errors/{name}.json")["request"]["path"]
    pod = path.split("/")[6]
    api.store(pod, "running-ready")
    api.node.containers[pod, "weaver"] = StandInContainer()
    use(api, account(api, "exec-both"))
    async with api.http.ws_connect(path, protocols=("v5.channel.k8s.io",), autoclose=False) as socket:
        assert socket.protocol == "v5.channel.k8s.io"


@tried("401-bad-token 401-bad-token-jwt-shaped 401-bad-token-on-version 403-anonymous-no-credentials")
async def test_no_valid_token(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    del api.http.headers["Authorization"]
    offered = {"jwt-shaped": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"}.get(name.partition("token-")[2], "wrong")
    headers = {"Authorization": f"Bearer {offered}"} if "bad-token" in name else {}
    same(recording, *await ask(api, recording, **headers))


@tried("400-tokenreview-empty")
async def test_a_review_of_no_token(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    same(recording, *await ask(api, recording, recording["request"]["body_summary"]))


@tried(
    """
    404-tokenrequest-bound-pod-missing 404-tokenrequest-unknown-account 409-tokenrequest-bound-uid-mismatch
    422-tokenrequest-too-short 400-tokenrequest-pod-of-other-account
    """
)
async def test_a_token_that_cannot_be_had(api: Api, name: str):
    recording = recorded(f"errors/{name}.json")
    account(api, "weaver")
    if api.registry.find("serviceaccounts", NAMESPACE, "default") is None:
        api.registry.create("serviceaccounts", {"metadata": {"name": "default", "namespace": NAMESPACE}})
    api.store(RUNNING, "init-succeeded")
    body = recording["request"]["body_summary"]
    if isinstance(body, str):  # bound to a pod that runs as another service account
        other = copy.deepcopy(recorded("errors/404-tokenrequest-bound-pod-missing.json")["request"]["body_summary"])
        other["spec"]["boundObjectRef"]["name"] = RUNNING
        body = other
    same(recording, *await ask(api, recording, body))


async def test_a_token_ends_with_its_account(api: Api):
    use(api, account(api, "exec-both"))
    api.registry.delete("serviceaccounts", NAMESPACE, "exec-both")
    assert (await api.call("GET", "/version"))[0] == 401


async def test_tokens_of_another_server_are_not_known(api: Api):
    made = api.registry.create("serviceaccounts", {"metadata": {"name": "nobody", "namespace": NAMESPACE}})
    foreign = ServiceAccountTokens(api.registry).issue(made)
    async with aiohttp.ClientSession(api.url, headers={"Authorization": f"Bearer {foreign}"}) as http:
        async with http.get("/version") as answer:
            assert answer.status == 401
