"""A kubeconfig in Secrets Manager, as moto has it."""

import json
import uuid
from typing import Any

import pytest

from chalicelib.adapters.aws import secrets
from chalicelib.adapters.aws.clients import Aws
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.kept import Kept
from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.errors import ClusterError, ClusterRefused
from tests.chalicelib.adapters.aws.test_eks import Time
from tests.chalicelib.adapters.test_kubernetes_connection import server, who


def kubeconfig(url: str, user: dict[str, Any], **cluster: Any) -> str:
    return json.dumps(  # JSON is YAML
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": url, **cluster}}],
            "users": [{"name": "u", "user": user}],
        }
    )


def secret(aws: Aws, content: str | bytes) -> str:
    """The ARN of a new one."""
    value = {"SecretBinary" if isinstance(content, bytes) else "SecretString": content}
    return str(aws.ask("secretsmanager", "create_secret", Name=f"kubeconfig-{uuid.uuid4()}", **value)["ARN"])


def reached(aws: Aws, arn: str, clock: Time) -> KubernetesCluster:
    return KubernetesCluster("weavers", Kept(lambda: secrets.connect(aws, arn), 300, clock))


@pytest.mark.parametrize("kind", [str, str.encode], ids=["text", "binary"])
def test_the_cluster_of_a_kubeconfig_in_a_secret(aws: Aws, kind: Any):
    with server(who) as url:
        reached(aws, secret(aws, kind(kubeconfig(url, {"token": "right"}))), Time()).ping()


def test_it_is_read_once(aws: Aws):
    asked: list[str] = []
    aws.client("secretsmanager").meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    with server(who) as url:
        cluster = reached(aws, secret(aws, kubeconfig(url, {"token": "right"})), Time())
        asked.clear()
        cluster.ping()
        cluster.ping()
    assert asked == ["GetSecretValue"]


def test_a_token_that_was_exchanged_takes_effect_when_the_old_one_is_refused(aws: Aws):
    clock = Time()
    with server(who) as url:
        arn = secret(aws, kubeconfig(url, {"token": "right"}))
        cluster = reached(aws, arn, clock)
        cluster.ping()
        aws.ask("secretsmanager", "put_secret_value", SecretId=arn, SecretString=kubeconfig(url, {"token": "wrong"}))
        clock.now += 300
        with pytest.raises(ClusterError, match="Unauthorized"):
            cluster.ping()
        aws.ask("secretsmanager", "put_secret_value", SecretId=arn, SecretString=kubeconfig(url, {"token": "right"}))
        clock.now += 30
        cluster.ping()


def test_a_secret_that_is_none_is_told_without_its_name(aws: Aws):
    with pytest.raises(ClusterError) as raised:
        secrets.access(aws, "nothing")
    assert raised.value.message == "the secret with the kubeconfig cannot be read: ResourceNotFoundException"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[", "the secret's kubeconfig: is not YAML"),
        ("{}", "current-context"),
        (b"\xff", "is not text"),
        (kubeconfig("http://c", {"tokenFile": "/token"}), "put the data into it"),
        (kubeconfig("http://c", {"token": "t"}, **{"certificate-authority": "/ca.crt"}), "put the data into it"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(aws: Aws, content: str | bytes, words: str):
    with pytest.raises(ClusterError, match=words):
        secrets.access(aws, secret(aws, content))


def test_the_settings_that_name_secrets(aws: Aws):
    with server(who) as url:
        arns = [secret(aws, kubeconfig(url, {"token": token})) for token in ("right", "wrong")]
        more = {
            "lab": {"kubeconfig_secret": arns[1]},
            "far": {
                "kubeconfig_secret": secret(Aws("us-west-2"), kubeconfig(url, {"token": "right"})),
                "region": "us-west-2",
            },
            "lost": {"kubeconfig_secret": arns[0], "region": "us-west-2"},
        }
        settings = {"LOOM_KUBECONFIG_SECRET": arns[0], "LOOM_CLUSTERS": json.dumps(more)}
        clusters = ControlPlane({"AWS_REGION": aws.region, **settings}).clusters.by_name
        clusters["default"].ping()
        clusters["far"].ping()
        with pytest.raises(ClusterRefused, match="Unauthorized"):
            clusters["lab"].ping()
        with pytest.raises(ClusterError, match="ResourceNotFoundException"):
            clusters["lost"].ping()


def test_nothing_of_it_is_in_an_error(aws: Aws):
    with pytest.raises(ClusterError) as raised:
        secrets.access(aws, secret(aws, "hunter2: [hunter2"))
    assert "hunter2" not in str(raised.value)
