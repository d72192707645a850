"""EKS: its token against the rules of aws-iam-authenticator and STS, its place against a cluster that speaks TLS."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from urllib.request import Request, urlopen

import pytest

from chalicelib.adapters.aws import eks
from chalicelib.adapters.aws.clients import Aws
from chalicelib.adapters.kubernetes.cluster import KubernetesCluster
from chalicelib.adapters.kubernetes.kept import Kept
from chalicelib.bootstrap import ControlPlane
from chalicelib.domain.errors import ClusterError, ClusterRefused
from tests.certificates import Authority
from tests.chalicelib.adapters.aws.conftest import REGION
from tests.chalicelib.adapters.test_kubernetes_connection import _tls, server

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
VPC = {"subnetIds": ["subnet-1"], "securityGroupIds": []}
#: pkg/token/token.go: parameterWhitelist.
KNOWN = {
    "Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token",
    "X-Amz-Signature", "X-Amz-SignedHeaders",
}  # fmt: skip


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS as it is addressed in earnest; nothing is sent there."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a/session+token==")
    return Aws(REGION)


def url_of(token: str) -> str:
    """What the cluster sends to STS."""
    prefix, _, encoded = token.partition(".")
    assert prefix == "k8s-aws-v1"
    assert "=" not in encoded, "base64url without padding (RFC 4648 §3.2)"
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def signature(url: str, headers: dict[str, str]) -> str:
    """That of a presigned GET with these headers: AWS' own description of Signature Version 4, written down once more."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, strict_parsing=True))
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query.items() if k != "X-Amz-Signature")
    canonical = "\n".join(
        [
            "GET", parts.path, "&".join(f"{k}={v}" for k, v in pairs),
            *(f"{name}:{headers[name]}" for name in query["X-Amz-SignedHeaders"].split(";")), "",
            query["X-Amz-SignedHeaders"], hashlib.sha256(b"").hexdigest(),
        ]
    )  # fmt: skip
    date, scope = query["X-Amz-Date"], query["X-Amz-Credential"].partition("/")[2]
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def test_a_token_is_what_the_authenticator_takes(far: Aws):
    """Each line is a check of ``tokenVerifier.Verify``."""
    token = eks.bearer_token(far, "blue").token
    parts = urlsplit(url_of(token))
    pairs = parse_qsl(parts.query, strict_parsing=True)
    query = dict(pairs)
    assert len(token) <= 4096
    assert (parts.scheme, parts.netloc, parts.path) == ("https", f"sts.{REGION}.amazonaws.com", "/")
    assert len(pairs) == len(query), "each parameter once"
    assert query.keys() <= KNOWN
    assert (query["Action"], query["Version"]) == ("GetCallerIdentity", "2011-06-15")
    assert query["X-Amz-SignedHeaders"].split(";") == ["host", "x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == "60"
    signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed_at) < timedelta(minutes=1)
    assert query["X-Amz-Credential"].endswith(f"/{REGION}/sts/aws4_request")


def test_the_signature_holds_for_that_cluster_and_no_other(far: Aws):
    url = url_of(eks.bearer_token(far, "blue").token)
    host = urlsplit(url).netloc
    signed = dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"]
    assert signature(url, {"host": host, "x-k8s-aws-id": "blue"}) == signed
    assert signature(url, {"host": host, "x-k8s-aws-id": "green"}) != signed


def test_a_token_is_used_for_fourteen_of_its_fifteen_minutes(far: Aws):
    token = eks.bearer_token(far, "blue")
    now = datetime.now(UTC)
    assert token.holds(now + timedelta(minutes=13, seconds=59))
    assert not token.holds(now + timedelta(minutes=14))
    assert token.token not in repr(token)


def identity(token: str, aws_url: str) -> str:
    """Whose token it is, as the cluster finds out from STS. moto looks for the service that is meant in a header alone."""
    parts = urlsplit(url_of(token))
    scope = dict(parse_qsl(parts.query))["X-Amz-Credential"]
    headers = {"x-k8s-aws-id": "blue", "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "}
    with urlopen(Request(f"{aws_url}{parts.path}?{parts.query}", headers=headers)) as answer:
        told: bytes = answer.read()
    return told.partition(b"<Arn>")[2].partition(b"</Arn>")[0].decode()


def test_sts_says_whose_token_it_is(far: Aws, aws_url: str):
    assert identity(eks.bearer_token(far, "blue").token, aws_url) == "arn:aws:sts::123456789012:user/moto"


def test_without_credentials_no_token(far: Aws, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    with pytest.raises(ClusterError, match="'blue' can be signed: NoCredentialsError"):
        eks.bearer_token(far, "blue")


def test_the_place_of_a_cluster(aws: Aws):
    role = "arn:aws:iam::123456789012:role/eks"
    made = aws.ask("eks", "create_cluster", name="blue", roleArn=role, resourcesVpcConfig=VPC)["cluster"]
    access = eks.access(aws, "blue")
    assert access.server == made["endpoint"].rstrip("/")
    assert access.ca_data == base64.b64decode(made["certificateAuthority"]["data"])


def test_a_cluster_that_is_none_is_told_without_the_account(aws: Aws):
    with pytest.raises(ClusterError) as raised:
        eks.access(aws, "nothing")
    assert raised.value.message == "the EKS cluster 'nothing' cannot be described: ResourceNotFoundException"


class Cloud:
    """EKS' DescribeCluster, and a cluster that asks STS whose a token is. ``cluster`` is what EKS says of it."""

    def __init__(self, folder: Path, aws_url: str) -> None:
        self.folder, self.aws_url = folder, aws_url
        self.cluster: dict[str, Any] = {"name": "blue", "status": "CREATING"}
        self.described = 0
        self.tokens: list[str] = []
        self.refuses: set[str] = set()

    def describe(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        assert handler.path == "/clusters/blue"
        self.described += 1
        return 200, json.dumps({"cluster": self.cluster}).encode()

    def namespace(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        token = handler.headers["authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        if token in self.refuses or self.refuses == {"everybody"}:
            return 401, b'{"kind":"Status","message":"Unauthorized","reason":"Unauthorized"}'
        assert identity(token, self.aws_url)
        return 200, b'{"kind":"Namespace"}'

    @contextmanager
    def active(self) -> Iterator[None]:
        """The cluster is there, at an address and with an authority of its own."""
        authority = Authority()
        with server(self.namespace, _tls(authority, self.folder)) as url:
            data = base64.b64encode(authority.certificate).decode()
            self.cluster = {"status": "ACTIVE", "endpoint": url, "certificateAuthority": {"data": data}}
            yield


@pytest.fixture
def cloud(aws: Aws, aws_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path, aws_url)
    with server(made.describe) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EKS", url)
        yield made


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reached(aws: Aws, clock: Time) -> KubernetesCluster:
    return KubernetesCluster("weavers", Kept(lambda: eks.connect(aws, "blue"), 300, clock))


def test_a_cluster_is_reached_and_its_place_and_token_asked_for_once(aws: Aws, cloud: Cloud):
    cluster = reached(aws, Time())
    with cloud.active():
        cluster.ping()
        cluster.ping()
    assert (cloud.described, len(set(cloud.tokens)), len(cloud.tokens)) == (1, 1, 2)


def test_a_token_that_is_refused_is_made_anew(aws: Aws, cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """The role's credentials that signed it ended before it."""
    cluster = reached(aws, Time())
    with cloud.active():
        cluster.ping()
        cloud.refuses.update(cloud.tokens)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "renewed")
        aws._session._credentials = None
        cluster.ping()
    assert (cloud.described, len(set(cloud.tokens))) == (1, 2)


def test_who_is_not_known_to_the_cluster_is_told_so(aws: Aws, cloud: Cloud):
    cloud.refuses = {"everybody"}
    with cloud.active(), pytest.raises(ClusterRefused, match="Unauthorized"):
        reached(aws, Time()).ping()
    assert (cloud.described, len(cloud.tokens)) == (1, 2)


def test_a_cluster_that_was_made_again_is_found_again(aws: Aws, cloud: Cloud):
    """Another address, another authority: what is known of it is doubted, and asked for again."""
    clock = Time()
    cluster = reached(aws, clock)
    with cloud.active():
        cluster.ping()
    clock.now += 30
    with cloud.active():
        with pytest.raises(ClusterError):
            cluster.ping()
        cluster.ping()
    assert cloud.described == 2


def test_a_cluster_that_is_not_ready_says_what_it_is(aws: Aws, cloud: Cloud):
    with pytest.raises(ClusterError, match="'blue' has no endpoint: it is CREATING"):
        reached(aws, Time()).ping()


def test_a_certificate_that_is_none(aws: Aws, cloud: Cloud):
    data = base64.b64encode(b"\xff").decode()
    cloud.cluster = {"status": "ACTIVE", "endpoint": "https://127.0.0.1:9", "certificateAuthority": {"data": data}}
    with pytest.raises(ClusterError, match="certificates cannot be used"):
        reached(aws, Time()).ping()


def test_the_setting_that_names_the_cluster(aws: Aws, cloud: Cloud):
    plane = ControlPlane({"LOOM_EKS_CLUSTER": "blue", "AWS_REGION": aws.region})
    with cloud.active():
        plane.clusters.by_name["default"].ping()
