"""Who asks, what the request is about, and what the rules say: the parts that RBAC is made of."""

import base64
from typing import Any

import pytest

from local.kube import protobuf
from local.kube.auth.rbac import GROUP, allowed
from local.kube.auth.request_info import RequestInfo, request_info
from local.kube.auth.users import User, named
from local.kube.registry import Registry
from tests.local.kube.api.conftest import NAMESPACE, PODS, TOKEN, Api

IN = f"/api/v1/namespaces/{NAMESPACE}"


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", f"{IN}/pods", {}, ("list", "", "pods", NAMESPACE, "")),
        ("GET", f"{IN}/pods", {"watch": "1"}, ("watch", "", "pods", NAMESPACE, "")),
        ("GET", f"{IN}/pods", {"fieldSelector": "metadata.name=x"}, ("list", "", "pods", NAMESPACE, "x")),
        ("GET", f"{IN}/pods/x", {"watch": "1"}, ("get", "", "pods", NAMESPACE, "x")),
        ("GET", f"{IN}/pods/x/log", {}, ("get", "", "pods/log", NAMESPACE, "x")),
        ("POST", f"{IN}/pods", {}, ("create", "", "pods", NAMESPACE, "")),
        ("DELETE", f"{IN}/pods", {}, ("deletecollection", "", "pods", NAMESPACE, "")),
        ("PUT", f"{IN}/pods/x/status", {}, ("update", "", "pods/status", NAMESPACE, "x")),
        ("GET", IN, {}, ("get", "", "namespaces", NAMESPACE, NAMESPACE)),
        ("GET", "/api/v1/namespaces", {}, ("list", "", "namespaces", "", "")),
        ("PATCH", f"{IN}/status", {}, ("patch", "", "namespaces/status", NAMESPACE, NAMESPACE)),
        ("GET", f"{IN}/pods/x%2Flog", {}, ("get", "", "pods", NAMESPACE, "x/log")),
        ("GET", "/apis/a.example/v1/things", {}, ("list", "a.example", "things", "", "")),
        ("GET", "/apis/a.example/v1", {}, ("get", "", "", "", "")),
        ("GET", "/version/", {}, ("get", "", "", "", "")),
    ],
)
def test_what_a_request_is_about(method: str, path: str, query: dict[str, str], expected: tuple[str, ...]):
    info = request_info(method, path, query)
    assert (info.verb, info.group, info.full_resource, info.namespace, info.name) == expected
    assert info.path == path


def granting(rule: dict[str, Any], *, cluster: bool = False, subject: dict[str, str] | None = None) -> Registry:
    registry = Registry()
    kind, prefix = ("ClusterRole", "cluster") if cluster else ("Role", "")
    metadata = {"name": "r"} if cluster else {"name": "r", "namespace": NAMESPACE}
    role = {"kind": kind, "name": "r"}
    subjects = [subject or {"kind": "User", "name": "u"}]
    registry.create(f"{prefix}roles.{GROUP}", {"metadata": metadata, "rules": [rule]})
    registry.create(f"{prefix}rolebindings.{GROUP}", {"metadata": metadata, "subjects": subjects, "roleRef": role})
    return registry


PODS_RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/log"]}
USER = User("u", ("g",))


@pytest.mark.parametrize(
    ("rule", "info", "expected"),
    [
        (PODS_RULE, RequestInfo("get", resource="pods", namespace=NAMESPACE), True),
        (PODS_RULE, RequestInfo("list", resource="pods", namespace=NAMESPACE), False),
        (PODS_RULE, RequestInfo("get", resource="pods", namespace="default"), False),
        (PODS_RULE, RequestInfo("get", resource="pods"), False),
        (PODS_RULE, RequestInfo("get", group="a", resource="pods", namespace=NAMESPACE), False),
        (PODS_RULE, RequestInfo("get", resource="pods", subresource="log", namespace=NAMESPACE), True),
        (PODS_RULE, RequestInfo("get", resource="pods", subresource="exec", namespace=NAMESPACE), False),
        (
            {**PODS_RULE, "resourceNames": ["x"]},
            RequestInfo("get", resource="pods", namespace=NAMESPACE, name="x"),
            True,
        ),
        (
            {**PODS_RULE, "resourceNames": ["x"]},
            RequestInfo("get", resource="pods", namespace=NAMESPACE, name="y"),
            False,
        ),
        (
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            RequestInfo("any", "", "a", "b", "c", NAMESPACE),
            True,
        ),
    ],
)
def test_what_a_rule_permits(rule: dict[str, Any], info: RequestInfo, expected: bool):
    assert allowed(granting(rule), USER, info) is expected


def test_rules_for_paths():
    registry = granting({"verbs": ["get"], "nonResourceURLs": ["/version", "/healthz/*"]}, cluster=True)
    paths = {"/version": True, "/version/": True, "/versions": False, "/healthz/etcd": True, "/healthz": False}
    assert {path: allowed(registry, USER, RequestInfo("get", path)) for path in paths} == paths
    assert not allowed(registry, USER, RequestInfo("create", "/version"))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"kind": "Group", "name": "system:serviceaccounts:ns"}, True),
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "ns"}, True),
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "other"}, False),
        ({"kind": "User", "name": "system:serviceaccount:ns:sa"}, True),
        ({"kind": "User", "name": "sa"}, False),
    ],
)
def test_whom_a_binding_is_about(subject: dict[str, str], expected: bool):
    registry = granting({**PODS_RULE, "apiGroups": [""]}, cluster=True, subject=subject)
    info = RequestInfo("get", resource="pods", namespace="anywhere")
    assert allowed(registry, named("system:serviceaccount:ns:sa"), info) is expected


def test_a_binding_to_a_role_that_is_not_there_gives_nothing():
    registry = granting(PODS_RULE)
    registry.delete(f"roles.{GROUP}", NAMESPACE, "r")
    assert not allowed(registry, USER, RequestInfo("get", resource="pods", namespace=NAMESPACE))


async def test_a_token_as_a_subprotocol(api: Api):
    """As browsers have to send it; it is not chosen as the protocol to speak."""
    del api.http.headers["Authorization"]
    prefix = "base64url.bearer.authorization.k8s.io."
    for token, status in ((TOKEN, 404), ("not-a-token", 401)):
        encoded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        headers = {"Sec-WebSocket-Protocol": f"{prefix}{encoded}, v5.channel.k8s.io"}
        assert (await api.call("GET", f"{PODS}/absent/exec?command=true&stdout=true", **headers))[0] == status
    assert (await api.call("GET", "/version", Authorization="Basic YTpi"))[0] == 401


async def test_being_somebody_else_is_a_right_of_its_own(api: Api):
    as_nobody = {"Impersonate-User": "system:serviceaccount:default:nobody"}
    status, body = await api.call("GET", PODS, **as_nobody)
    assert (status, 'User "system:serviceaccount:default:nobody" cannot list' in body["message"]) == (403, True)
    made = api.registry.create("serviceaccounts", {"metadata": {"name": "a", "namespace": NAMESPACE}})
    own = {"Authorization": f"Bearer {api.tokens.issue(made)}"}
    status, body = await api.call("GET", "/version", **own, **{"Impersonate-User": "kubernetes-admin"})
    assert (status, "cannot impersonate resource" in body["message"]) == (403, True)
    groups = {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}
    assert (await api.call("GET", PODS, **groups))[0] == 200


async def test_all_rights_of_somebody(api: Api):
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    _, body = await api.call("POST", path, {"spec": {"namespace": NAMESPACE}})
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in body["status"]["resourceRules"]
    about = {"resource": "pods", "verb": "list", "namespace": NAMESPACE}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    _, body = await api.call("POST", path, {"spec": {"user": "x", "resourceAttributes": about}})
    assert body["status"] == {"allowed": False}
    status, _ = await api.call("POST", path, {"spec": {"user": "x"}})
    assert status == 400


@pytest.mark.parametrize("body", [b"", b"k8s\0", b"k8s\0\x12", b"k8s\0\x12\x05abc", b"k8s\0\xff", b"\x00" * 20])
async def test_a_body_that_is_no_protobuf(api: Api, body: bytes):
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    status, answer = await api.call("POST", path, body, **{"Content-Type": protobuf.CONTENT_TYPE})
    assert (status, answer["reason"]) == (400, "BadRequest")
