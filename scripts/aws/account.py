"""The AWS account that is operated in: its clients, and errors of botocore's as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from scripts.aws.errors import OperatingError


class Account:
    """Region, credentials and endpoints are those of AWS's own configuration: environment, profile, SSO, role."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    @property
    def region(self) -> str | None:
        name: str | None = self._session.region_name
        return name

    @property
    def has_credentials(self) -> bool:
        return self._session.get_credentials() is not None

    @cached_property
    def id(self) -> str:
        """The account's number: asking for it also shows that the credentials hold. Raises OperatingError."""
        with told():
            return str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        """A client of the service."""
        return self._session.client(service)


#: HTTP statuses of AWS's 4xx that mean "later", and what credentials that do not hold are told as.
_LATER: Final = (408, 425, 429)
_NOBODY: Final = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, SSOError, TokenRetrievalError)


@contextmanager
def told() -> Iterator[None]:
    """AWS's own words, as an OperatingError: a request that AWS refuses is the user's to mend, an answer that fails is not."""
    try:
        yield
    except ClientError as error:
        what = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        mendable = 400 <= status < 500 and status not in _LATER and not str(what.get("Code")).startswith("Throttl")
        message = f"AWS refused {error.operation_name}: {what.get('Code')}: {what.get('Message')}"
        raise OperatingError(message, exit_code=1 if mendable else 2) from error
    except _NOBODY as error:
        message = f"no credentials that hold: {error}: set AWS_PROFILE, or log in with `aws sso login`"
        raise OperatingError(message, exit_code=1) from error
    except (BotoCoreError, ResponseParserError) as error:  # the latter is what a proxy answers in AWS's place
        raise OperatingError(f"AWS was not reached: {error}") from error


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the packages are kept. Every request says whose it must be: the name alone could be a stranger's."""

    s3: Any
    name: str
    owner: str

    def ask(self, operation: str, key: str | None = None, **parameters: Any) -> Any:
        """``s3.<operation>`` on the bucket, or on an object in it. Raises ClientError."""
        named = {"Bucket": self.name, "ExpectedBucketOwner": self.owner, **({"Key": key} if key else {})}
        return getattr(self.s3, operation)(**named, **parameters)

    def url(self, key: str) -> str:
        """As CloudFormation reads it, with the caller's own rights."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"
