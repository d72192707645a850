"""Clients of AWS' services on botocore alone, which PynamoDB has loaded anyway: boto3 would only cost a cold start its time."""

from functools import cached_property
from threading import RLock
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from chalicelib.adapters.deadline import bound, within

#: Seconds for a question with its repetition: less than a question to the cluster may take, of which some are a part.
QUESTION: Final = 6.0
_CONFIG: Final = Config(connect_timeout=1.5, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
#: What passes, of errors that are not the server's own (5xx): botocore.retries.standard, and KMS' own.
_PASSING: Final = frozenset(
    {
        "KMSInternalException",
        "DependencyTimeoutException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)


class Aws:
    """The services of one ``region``. Credentials and endpoints come from AWS' own variables, nothing is sent before it is asked."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}
        self._lock = RLock()  # making clients is not thread-safe

    def client(self, service: str) -> Any:
        """The one client of ``service``. Raises BotoCoreError when its endpoint cannot be."""
        with self._lock:
            if service not in self._clients:
                client = self._session.create_client(service, region_name=self.region, config=_CONFIG)
                bound(client._endpoint.http_session._manager)  # noqa: SLF001  # botocore takes no pool or session of ours
                self._clients[service] = client
            return self._clients[service]

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer, in time. Raises BotoCoreError, ClientError: :func:`told` says what of them may be shown."""
        client = self.client(service)  # to make it takes time that is not the server's
        with within(QUESTION):
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
            return answer

    def presigned(self, service: str, request: str, headers: dict[str, str], seconds: int) -> str:
        """The URL of a GET that is signed, ``headers`` too: whoever sends it must send them. Raises BotoCoreError.

        ``request`` is what follows the endpoint's host. Nothing is sent, unless credentials are to be renewed.
        """
        url = self.client(service).meta.endpoint_url.rstrip("/") + request
        wanted = {"method": "GET", "url": url, "body": {}, "headers": headers, "context": {}}
        signer = RequestSigner(
            ServiceId(service),
            self.region,
            service,
            "v4",
            self._session.get_credentials(),
            self._session.get_component("event_emitter"),
        )
        signed: str = signer.generate_presigned_url(wanted, operation_name="", expires_in=seconds)
        return signed

    @cached_property
    def _session(self) -> Any:
        return botocore.session.get_session()


def told(error: Exception) -> str:
    """The error in a word. AWS' own messages have account numbers and names of roles in them, which users are not to see."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "an error without a code")
    return type(error).__name__


def passes(error: Exception) -> bool:
    """Whether the same question may well be answered in a moment."""
    if not isinstance(error, ClientError):
        return isinstance(
            error, NotConnected | HTTPClientError
        )  # the others are about settings: no credentials, no region
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or told(error) in _PASSING
