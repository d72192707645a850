"""AWS's DynamoDB Local for whatever depends on true transactions. Tests that use it are marked ``needs_dynamodb_local``."""

import uuid
from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.connection import Patience
from chalicelib.adapters.dynamodb.table import Table, table
from tests.dynamodb_local import dynamodb_local

#: The server takes some hundred writes a second of a machine that may be busy: requests of hundreds of threads wait for one another.
PATIENCE = Patience(connect=30, read=30, request=60)


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    with dynamodb_local() as url:
        yield url


@pytest.fixture
def isolated_table(dynamodb_local_url: str, monkeypatch: pytest.MonkeyPatch) -> Table:
    """An empty table of its own name, whose transactions are isolated."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    made = table(f"weavers-{uuid.uuid4()}", region="us-east-1", endpoint=dynamodb_local_url, patience=PATIENCE)
    made.create()
    return made
