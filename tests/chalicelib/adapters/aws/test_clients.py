"""What may be told of AWS' errors, which of them pass, and that whatever AWS does ends in time."""

import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.adapters.aws.clients import Aws, passes, told
from chalicelib.adapters.aws.kms import KmsSigner
from chalicelib.adapters.deadline import within
from chalicelib.domain.errors import Misconfigured, RetryLater
from tests.chalicelib.adapters.aws.conftest import REGION
from tests.chalicelib.adapters.test_kubernetes_connection import server


def error(code: str | None, status: int) -> ClientError:
    told = {"Code": code, "Message": "User: arn:aws:sts::123456789012:assumed-role/r is not authorized"} if code else {}
    return ClientError({"Error": told, "ResponseMetadata": {"HTTPStatusCode": status}}, "Sign")


@pytest.mark.parametrize(
    ("problem", "word", "passing"),
    [
        (error("ThrottlingException", 400), "ThrottlingException", True),
        (error("KMSInternalException", 500), "KMSInternalException", True),
        (error("Whatever", 503), "Whatever", True),
        (error("AccessDeniedException", 400), "AccessDeniedException", False),
        (error("KMSInvalidStateException", 400), "KMSInvalidStateException", False),
        (error(None, 403), "an error without a code", False),
        (EndpointConnectionError(endpoint_url="u"), "EndpointConnectionError", True),
        (ReadTimeoutError(endpoint_url="u"), "ReadTimeoutError", True),
        (NoCredentialsError(), "NoCredentialsError", False),
    ],
)
def test_errors(problem: Exception, word: str, passing: bool):
    assert (told(problem), passes(problem)) == (word, passing)


@pytest.mark.parametrize(
    ("code", "raised"), [("ThrottlingException", RetryLater), ("AccessDeniedException", Misconfigured)]
)
def test_what_clients_are_told_of_a_key(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, code: str, raised: type[RetryLater | Misconfigured]
):
    def answer(_: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        return 400, b'{"__type":"%s","message":"arn:aws:kms:eu-west-1:123456789012:key/k"}' % code.encode()

    with server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        with pytest.raises(raised) as told:
            KmsSigner(Aws(REGION), "alias/tickets").jwks()
    assert "123456789012" not in told.value.message


def test_a_service_that_never_answers_ends_with_the_request(aws: Aws, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EKS", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with within(0.2), pytest.raises(BotoCoreError):
            Aws(REGION).ask("eks", "describe_cluster", name="blue")
    assert time.monotonic() - begun < 3, "of the 6 s that it may take otherwise"


def test_each_region_is_asked_where_it_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    urls: list[Any] = [Aws(region).client("eks").meta.endpoint_url for region in ("eu-west-1", "cn-north-1")]
    assert urls == ["https://eks.eu-west-1.amazonaws.com", "https://eks.cn-north-1.amazonaws.com.cn"]
