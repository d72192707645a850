import base64
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.kubeconfig import (
    ClusterAccess,
    ExecPlugin,
    KubeconfigError,
    PluginToken,
    cluster_access,
    plugin_token,
    service_account_access,
)

PEM = b"-----BEGIN CERTIFICATE-----\n"
PEM64 = base64.b64encode(PEM).decode()


def kubeconfig(
    user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One context ``here`` of a cluster and a user with these entries; and another, to be mistaken for it."""
    return {
        "current-context": "here",
        "contexts": [
            {"name": "there", "context": {"cluster": "other", "user": "other", "namespace": "there"}},
            {"name": "here", "context": {"cluster": "c", "user": "u"} | (context or {})},
        ],
        "clusters": [
            {"name": "other", "cluster": {"server": "https://other.example"}},
            {"name": "c", "cluster": {"server": "https://c.example:6443"} | (cluster or {})},
        ],
        "users": [{"name": "other", "user": {"token": "other-token"}}, {"name": "u", "user": user or {}}],
    }


@pytest.mark.parametrize(
    ("config", "access"),
    [
        (kubeconfig(), ClusterAccess("https://c.example:6443")),
        (kubeconfig(cluster={"server": "http://c/"}), ClusterAccess("http://c")),
        (kubeconfig(context={"namespace": "ns"}), ClusterAccess("https://c.example:6443", namespace="ns")),
        (kubeconfig({"token": "t"}), ClusterAccess("https://c.example:6443", token="t")),
        (kubeconfig({"tokenFile": "/t"}), ClusterAccess("https://c.example:6443", token_file="/t")),
        # client-go: "if both Token and TokenFile are specified … TokenFile takes precedence"
        (kubeconfig({"token": "t", "tokenFile": "t.txt"}), ClusterAccess("https://c.example:6443", token_file="t.txt")),
        (
            kubeconfig({"client-certificate-data": PEM64, "client-key-data": PEM64}),
            ClusterAccess("https://c.example:6443", client_cert_data=PEM, client_key_data=PEM),
        ),
        (
            kubeconfig({"client-certificate": "c.pem", "client-key": "/k.pem"}),
            ClusterAccess("https://c.example:6443", client_cert_file="c.pem", client_key_file="/k.pem"),
        ),
        # data wins over the file, as in client-go
        (
            kubeconfig(cluster={"certificate-authority-data": PEM64, "certificate-authority": "ca.pem"}),
            ClusterAccess("https://c.example:6443", ca_data=PEM),
        ),
        (
            kubeconfig(cluster={"certificate-authority": "ca.pem", "tls-server-name": "name.example"}),
            ClusterAccess("https://c.example:6443", ca_file="ca.pem", tls_server_name="name.example"),
        ),
        (
            kubeconfig(cluster={"insecure-skip-tls-verify": True}),
            ClusterAccess("https://c.example:6443", insecure_skip_tls_verify=True),
        ),
        (
            kubeconfig({"exec": {"command": "aws", "args": ["eks"], "env": [{"name": "A", "value": "1"}], "apiVersion": "v1beta1"}}),
            ClusterAccess("https://c.example:6443", exec_plugin=ExecPlugin("aws", ("eks",), {"A": "1"}, "v1beta1")),
        ),
        (
            kubeconfig({"exec": {"command": "aws", "args": None, "env": None}}),
            ClusterAccess("https://c.example:6443", exec_plugin=ExecPlugin("aws")),
        ),
    ],
)  # fmt: skip
def test_what_a_context_describes(config, access):
    assert cluster_access(config) == access


def test_another_context_can_be_chosen():
    access = cluster_access(kubeconfig(), "there")
    assert access == ClusterAccess("https://other.example", namespace="there", token="other-token")


def test_a_context_without_a_user_is_anonymous():
    assert cluster_access(kubeconfig({"token": "t"}, context={"user": ""})).token is None


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in kubeconfig().items() if name != key}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "current-context"),
        (without("current-context"), "current-context"),
        (without("contexts"), "context named 'here'"),
        (without("clusters"), "cluster named 'c'"),
        (without("users"), "user named 'u'"),
        (kubeconfig() | {"contexts": "x"}, "context named 'here'"),
        (kubeconfig() | {"users": ["x", None]}, "user named 'u'"),
        (kubeconfig() | {"users": [{"name": "u", "user": "x"}]}, "user named 'u'"),
        (kubeconfig(cluster={"server": ""}), "cluster 'c'"),
        (kubeconfig(cluster={"server": "c.example:6443"}), "cluster 'c'"),
        (kubeconfig(cluster={"server": 6443}), "cluster 'c'"),
        (kubeconfig(cluster={"certificate-authority-data": "not base64!"}), "certificate-authority-data"),
        (kubeconfig({"client-certificate-data": 1}), "client-certificate-data"),
        (kubeconfig({"client-key-data": "s3cret!"}), "client-key-data"),
        (kubeconfig({"exec": {"args": ["x"]}}), "exec of user 'u'"),
        (kubeconfig({"exec": {"command": "x", "env": [{"value": "s3cret!"}]}}), "exec of user 'u'"),
        (kubeconfig({"exec": "aws"}), "exec of user 'u'"),
    ],
)
def test_what_cannot_be_used_names_the_entry(config, told):
    with pytest.raises(KubeconfigError, match=told) as error:
        cluster_access(config)
    assert "s3cret" not in str(error.value)


def test_a_chosen_context_that_is_not_there_is_named():
    with pytest.raises(KubeconfigError, match="'nowhere'"):
        cluster_access(kubeconfig(), "nowhere")


def test_secrets_are_kept_out_of_the_repr():
    user = {"token": "s3cret", "client-key-data": base64.b64encode(b"s3cret").decode()}
    plugin = {"exec": {"command": "aws", "env": [{"name": "A", "value": "s3cret"}]}}
    assert "s3cret" not in repr(cluster_access(kubeconfig(user | plugin)))


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.sampled_from(["here", "c", "u", "name", "server", "exec", "command", "env", "user", "cluster", "context"])
YAML = st.recursive(
    SCALARS | NAMES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=6
)


@given(YAML, YAML, st.sampled_from(["contexts", "clusters", "users"]), st.booleans())
def test_no_file_whatever_raises_anything_else(entry, inside, plural, named):
    name = {"contexts": "here", "clusters": "c", "users": "u"}[plural]
    config = kubeconfig() | {plural: [{"name": name, plural[:-1]: inside}] if named else entry}
    with suppress(KubeconfigError):
        cluster_access(config)


EXEC = {"command": "aws"}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("user", "cluster", "named"),
    [
        ({"as": "admin"}, {}, "as is not supported"),
        ({"username": "u", "password": "p"}, {}, "username is not supported"),
        ({"auth-provider": {"name": "gcp"}}, {}, "auth-provider is not supported"),
        ({}, {"proxy-url": "http://proxy:3128"}, "proxy-url is not supported"),
        ({"exec": EXEC | {"interactiveMode": "Always"}}, {}, "wants a terminal"),
    ],
)
def test_what_would_be_ignored_is_refused(user, cluster, named):
    with pytest.raises(KubeconfigError, match=named):
        cluster_access(kubeconfig(user, cluster))


def test_a_plugin_is_told_its_version_and_the_cluster_if_it_asks():
    plain = cluster_access(kubeconfig({"exec": EXEC})).exec_plugin
    assert plain
    assert json.loads(plain.environment["KUBERNETES_EXEC_INFO"]) == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    asking = cluster_access(kubeconfig({"exec": EXEC | {"provideClusterInfo": True}})).exec_plugin
    assert asking
    assert json.loads(asking.environment["KUBERNETES_EXEC_INFO"])["spec"]["cluster"] == {
        "server": "https://c.example:6443"
    }


def test_what_a_plugin_prints():
    status = {"token": "t", "expirationTimestamp": "2026-11-23T12:00:00Z"}
    token = plugin_token(json.dumps({"status": status}))
    assert token == PluginToken("t", NOON)
    assert [token.holds(NOON.replace(hour=hour)) for hour in (11, 12)] == [True, False]
    assert plugin_token('{"status": {"token": "t"}}').holds(NOON)
    assert "secret" not in repr(PluginToken("secret"))


@pytest.mark.parametrize(
    "output", ["", "[]", "{}", '{"status": null}', '{"status": {"token": ""}}', '{"status": {"token": 1}}',
               '{"status": {"token": "t", "expirationTimestamp": "soon"}}', '{"status": {"clientCertificateData": "x"}}'],
)  # fmt: skip
def test_what_is_no_token(output):
    with pytest.raises(KubeconfigError):
        plugin_token(output)


def test_a_pod_asks_as_its_service_account():
    env = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert service_account_access(env, "/sa") == ClusterAccess(
        "https://[fd00::1]:443", ca_file="/sa/ca.crt", token_file="/sa/token"
    )
    with pytest.raises(KubeconfigError, match="no pod of a cluster"):
        service_account_access({})
