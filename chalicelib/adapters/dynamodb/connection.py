"""PynamoDB's connection, whose every request ends in time: the one place that repeats requests, and that checks answers."""

import random
import time
import uuid
import zlib
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from pynamodb.connection import Connection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.exceptions import VerboseClientError

from chalicelib.adapters.deadline import bound, left, within

CONDITION_FAILED: Final = "ConditionalCheckFailed"
_ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.02  # seconds; doubled with each attempt, with full jitter
#: What passes, of errors that are not the server's own (5xx), and of the reasons of a cancelled transaction.
_PASSING: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BUSY: Final = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect and between two parts of an answer, for each attempt; and for a request with all its attempts."""

    connect: float = 1.5
    read: float = 3
    request: float = 8


PATIENCE: Final = Patience()


class TornAnswer(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """An answer that is not what DynamoDB sent."""

    fmt = "the answer came in torn or changed"


class PatientConnection(Connection):
    """Repeats what failed for a moment, as long as its time allows. botocore's own repetitions are off: they would multiply."""

    def __init__(self, region: str, host: str | None, patience: Patience, pool_size: int | None = None) -> None:
        super().__init__(
            region=region,
            host=host,
            connect_timeout_seconds=patience.connect,
            read_timeout_seconds=patience.read,
            max_retry_attempts=0,
            max_pool_connections=pool_size,
        )
        self._patience = patience

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        before = self._client
        client = super().client
        if client is not before:
            client.meta.events.register("before-parse.dynamodb", _require_whole)
            bound(client._endpoint.http_session._manager)  # noqa: SLF001  # botocore takes no pool or session of ours
        return client

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        if operation_name == "TransactWriteItems":  # repeated because its answer was lost, it is not done twice
            operation_kwargs.setdefault("ClientRequestToken", str(uuid.uuid4()))
        _ = self.client  # to make it takes time that is not the server's
        with within(self._patience.request):
            for attempt in range(1, _ATTEMPTS):
                try:
                    return self._attempt(operation_name, operation_kwargs)
                except (BotoCoreError, ClientError) as error:
                    pause = random.uniform(0, _FIRST_PAUSE * 2**attempt)  # noqa: S311  # jitter, not a secret
                    if not _passes(error) or pause >= left():
                        raise
                time.sleep(pause)
            return self._attempt(operation_name, operation_kwargs)

    def _attempt(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        if not left():
            raise ReadTimeoutError(endpoint_url=self.host)
        return super()._make_api_call(operation_name, operation_kwargs)


def _passes(error: Exception) -> bool:
    """Whether the same request may well succeed in a moment."""
    if isinstance(error, VerboseClientError):
        codes = {reason.code for reason in error.cancellation_reasons if reason}
        if codes:
            return CONDITION_FAILED not in codes and bool(codes & _BUSY)
        response = getattr(error.__cause__, "response", {})
        if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            return True
        return response.get("Error", {}).get("Code") in _PASSING
    return isinstance(error, EndpointConnectionError | ConnectTimeoutError | HTTPClientError | TornAnswer)


def _require_whole(response_dict: dict[str, Any], **_: object) -> None:
    """botocore would read half an answer, or a stranger's page, as one that found nothing. Raises TornAnswer."""
    body, headers = response_dict["body"], response_dict["headers"]
    length, checksum = headers.get("content-length"), headers.get("x-amz-crc32")
    if length is not None and length != str(len(body)):
        raise TornAnswer
    if response_dict["status_code"] < 300 and checksum != str(zlib.crc32(body)):
        raise TornAnswer
