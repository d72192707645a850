"""AWS' services for the adapters' tests, as moto's server has them."""

import pytest

from chalicelib.adapters.aws.clients import Aws

REGION = "eu-west-1"


@pytest.fixture
def aws(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """One region of it, with credentials such as a Lambda function has."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return Aws(REGION)
