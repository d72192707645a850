"""``make restore``: what another table holds comes into the stage's table, whose stack goes on owning it (docs/deploy.md).

For a table that point-in-time recovery has made: it restores into a new one only. Both are walked whole, so it takes minutes for
hundreds of thousands of items. It may be interrupted and started again: nothing is taken from the other table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from botocore.exceptions import ClientError

from scripts.aws.account import Account, told
from scripts.aws.deploy import Consent, Say
from scripts.aws.errors import OperatingError, Refused
from scripts.aws.stack import Stack

_FUNCTION: Final = "AWS::Lambda::Function"
_RESERVED: Final = "ReservedConcurrentExecutions"
#: DynamoDB's own bound of BatchWriteItem.
_BATCH: Final = 25

Item = Mapping[str, Any]


def restore(
    account: Account, stack: Stack, source: str, consent: Consent, say: Say, wait: Callable[[float], None]
) -> None:
    """The stage's table then holds what ``source`` holds, and nothing else. ``wait`` takes seconds. Raises OperatingError."""
    with told():
        target, functions = stack.table(), stack.physical_ids(_FUNCTION)
        dynamodb = account.client("dynamodb")
        _check(dynamodb, source, target)
        say(
            f"restore: {target} is to hold what {source} holds; {', '.join(functions) or 'no function'} will not run meanwhile"
        )
        if not consent.ask("replace what the table holds?"):
            raise Refused("not agreed to; nothing was changed")
        with _stopped(account.client("lambda"), functions, say, wait):
            kept = {_key(item) for item in _copied(dynamodb, source, target)}
            lost = [key for key in map(_key, _items(dynamodb, target)) if key not in kept]
            _write(dynamodb, target, [{"DeleteRequest": {"Key": _named(key)}} for key in lost])
    say(f"{len(kept)} items restored, {len(lost)} that were not there then removed")


def _check(dynamodb: Any, source: str, target: str) -> None:
    if source == target:
        raise Refused(f"{source} is the stage's own table")
    try:
        tables = [dynamodb.describe_table(TableName=name)["Table"] for name in (source, target)]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise Refused(f"there is no table {source}") from error
    if tables[0]["TableStatus"] != "ACTIVE":
        raise Refused(f"the table {source} is {tables[0]['TableStatus']}: wait for it")
    if tables[0]["KeySchema"] != tables[1]["KeySchema"]:
        raise Refused(f"the table {source} has other keys: it is none of ours")


@contextmanager
def _stopped(functions: Any, names: Sequence[str], say: Say, wait: Callable[[float], None]) -> Iterator[None]:
    """No request and no sweep may write meanwhile. What failed keeps them stopped: half a table is no table."""
    before = {name: functions.get_function_concurrency(FunctionName=name).get(_RESERVED) for name in names}
    for name in names:
        functions.put_function_concurrency(FunctionName=name, **{_RESERVED: 0})
    longest = max((functions.get_function_configuration(FunctionName=name)["Timeout"] for name in names), default=0)
    say(f"waiting {longest} s for what is under way")
    try:
        wait(longest)
        yield
    except BaseException:
        say(f"the table is not whole: {', '.join(names)} stay stopped; start the same again, it goes to its end")
        raise
    for name, reserved in before.items():
        if reserved:
            functions.put_function_concurrency(FunctionName=name, **{_RESERVED: reserved})
        else:
            functions.delete_function_concurrency(FunctionName=name)


def _copied(dynamodb: Any, source: str, target: str) -> Iterator[Item]:
    items = _items(dynamodb, source)
    while batch := list(islice(items, _BATCH)):
        _write(dynamodb, target, [{"PutRequest": {"Item": item}} for item in batch])
        yield from batch


def _items(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _write(dynamodb: Any, table: str, requests: Sequence[Mapping[str, Any]], attempts: int = 100) -> None:
    """In batches; what DynamoDB leaves for later (the answer's UnprocessedItems) is sent again, botocore pausing between throttles."""
    waiting = list(requests)
    while waiting:
        batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
        left = dynamodb.batch_write_item(RequestItems={table: batch}).get("UnprocessedItems", {}).get(table, [])
        waiting += left
        attempts -= bool(left)
        if not attempts:
            raise OperatingError(f"{table} takes no more writes: try again later")


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _named(key: tuple[str, str]) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
