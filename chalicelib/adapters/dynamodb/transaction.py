"""Transactions, and errors in the product's own words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamodb.connection import CONDITION_FAILED
from chalicelib.adapters.dynamodb.table import Item, Table
from chalicelib.domain.errors import Misconfigured, RetryLater

#: What only those who run the deployment can put right: no table of that name, no or wrong credentials, no rights.
_SET_UP_WRONG: Final = frozenset(
    {
        "AccessDeniedException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NoCredentialsError",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
_ALL_OLD: Final = "ALL_OLD"

RawItem: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One write of a transaction. ``name`` says which one failed, should its condition not hold."""

    name: str
    kind: Literal["delete", "put", "update"]
    item: Item
    condition: Condition | None = None
    actions: Sequence[Action] = ()


class Cancelled(Exception):
    """Conditions that did not hold: operation name → the item that is there, in DynamoDB's own JSON."""

    def __init__(self, failed: Mapping[str, RawItem]) -> None:
        super().__init__(f"conditions did not hold: {', '.join(failed)}")
        self.failed = failed


def transact(table: Table, operations: Sequence[Operation]) -> None:
    """All of ``operations`` or none. Raises Cancelled for failed conditions, RetryLater, Misconfigured."""
    # PynamoDB sends them in this order, and DynamoDB tells reasons in the order sent.
    sent = sorted(operations, key=lambda operation: operation.kind)
    try:
        with translated(), TransactWrite(connection=table.connection) as transaction:
            for operation in sent:
                _add(transaction, operation)
    except TransactWriteError as error:
        names = (operation.name for operation in sent)
        reasons = {name: reason for name, reason in zip(names, error.cancellation_reasons, strict=True) if reason}
        failed = {name: reason.raw_item or {} for name, reason in reasons.items() if reason.code == CONDITION_FAILED}
        if failed:
            raise Cancelled(failed) from error
        raise RetryLater("the database is busy; try again") from error


def _add(transaction: TransactWrite, operation: Operation) -> None:
    match operation.kind:
        case "delete":
            transaction.delete(operation.item, condition=operation.condition)
        case "put":
            transaction.save(operation.item, condition=operation.condition, return_values=_ALL_OLD)
        case "update":
            actions = list(operation.actions)
            transaction.update(operation.item, actions, condition=operation.condition, return_values=_ALL_OLD)


@contextmanager
def translated() -> Iterator[None]:
    """Failures to reach or use the table become RetryLater or Misconfigured; a cancelled transaction's own error passes."""
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        if isinstance(error, TransactWriteError) and error.cancellation_reasons:
            raise
        cause = error.cause if isinstance(error, PynamoDBException) else error
        code = cause.response["Error"].get("Code") if isinstance(cause, ClientError) else type(cause).__name__
        if code in _SET_UP_WRONG:
            raise Misconfigured(f"the control plane may not use its database, or there is none: {code}") from error
        raise RetryLater("the database does not take the request; try again") from error


def read(table: Table, pk: str, sk: str) -> Item | None:
    """The item, strongly consistent. Raises RetryLater, Misconfigured."""
    with translated():
        try:
            return table.items.get(pk, sk, consistent_read=True)
        except table.items.DoesNotExist:
            return None


def text(raw: RawItem, name: str) -> str:
    """A string or number attribute of an item in DynamoDB's own JSON; empty when absent."""
    typed = raw.get(name, {})
    return str(typed.get("S", typed.get("N", "")))
