"""Transactions that are repeated when another one was in the way, and errors in the product's own words."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.dynamodb.table import Item, Table
from chalicelib.domain.errors import RetryLater

_ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.02  # seconds; doubled with each attempt, with full jitter
_BUSY: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_CONDITION_FAILED: Final = "ConditionalCheckFailed"
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
    """All of ``operations`` or none. Raises Cancelled for failed conditions, RetryLater when the table stays busy."""
    # PynamoDB sends them in this order, and DynamoDB tells reasons in the order sent.
    sent = sorted(operations, key=lambda operation: operation.kind)
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311  # jitter, not a secret
        if _done(table, sent):
            return
    raise RetryLater("the database is busy; try again")


def _done(table: Table, operations: Sequence[Operation]) -> bool:
    """One attempt; False when another transaction was in the way. Raises Cancelled, RetryLater."""
    try:
        with translated(), TransactWrite(connection=table.connection) as transaction:
            for operation in operations:
                _add(transaction, operation)
    except TransactWriteError as error:
        names = (operation.name for operation in operations)
        reasons = {name: reason for name, reason in zip(names, error.cancellation_reasons, strict=True) if reason}
        failed = {name: reason.raw_item or {} for name, reason in reasons.items() if reason.code == _CONDITION_FAILED}
        if failed:
            raise Cancelled(failed) from error
        if any(reason.code in _BUSY for reason in reasons.values()):
            return False
        raise RetryLater("the database did not take the write; try again") from error
    return True


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
    """Failures to reach or use the table become RetryLater; a cancelled transaction's own error passes."""
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        if isinstance(error, TransactWriteError) and error.cancellation_reasons:
            raise
        raise RetryLater("the database does not take the request; try again") from error


def read(table: Table, pk: str, sk: str) -> Item | None:
    """The item, strongly consistent. Raises RetryLater."""
    with translated():
        try:
            return table.items.get(pk, sk, consistent_read=True)
        except table.items.DoesNotExist:
            return None


def text(raw: RawItem, name: str) -> str:
    """A string or number attribute of an item in DynamoDB's own JSON; empty when absent."""
    typed = raw.get(name, {})
    return str(typed.get("S", typed.get("N", "")))
