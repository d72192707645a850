"""DynamoDB for the adapters' tests: moto's server, a table for each test."""

import uuid
from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.table import Table, table
from tests.processes import part


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with part("local.aws") as url:
        yield url


@pytest.fixture
def fresh_table(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Table:
    """An empty table of its own name."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    made = table(f"weavers-{uuid.uuid4()}", region="us-east-1", endpoint=aws_url)
    made.create()
    return made
