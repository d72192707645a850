"""A table that is put back: exactly what the other holds, while nobody else writes."""

from typing import Any

import pytest

from scripts.aws.errors import OperatingError, Refused
from scripts.aws.restore import _write, restore
from tests.scripts.aws.conftest import TEMPLATE, Operator
from tests.scripts.aws.test_deploy import table_of


def with_function(template: Any) -> None:
    """As SAM would have expanded it. moto asks for real code."""
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    }
    function = {
        "FunctionName": {"Fn::Sub": "${AWS::StackName}-api"},
        "Runtime": "python3.11",
        "Handler": "app.app",
        "Timeout": 29,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "pass"},
    }
    template["Resources"] |= {"Role": role, "Function": {"Type": "AWS::Lambda::Function", "Properties": function}}


@pytest.fixture
def deployed(operator: Operator) -> Operator:
    operator.package(with_function)
    operator.deploy()
    operator.said.clear()
    operator.asked.clear()
    return operator


def put(operator: Operator, table: str, *keys: str, value: str) -> None:
    for key in keys:
        item = {"pk": {"S": key}, "sk": {"S": "weaver"}, "record": {"S": value}}
        operator.account.client("dynamodb").put_item(TableName=table, Item=item)


def held(operator: Operator, table: str) -> dict[str, str]:
    pages = operator.account.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["pk"]["S"]: item["record"]["S"] for page in pages for item in page["Items"]}


def restored(operator: Operator, sort_key: str = "sk") -> str:
    """Another table, as point-in-time recovery would have made it."""
    properties = TEMPLATE["Resources"]["WeaversTable"]["Properties"]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": sort_key, "KeyType": "RANGE"}]
    name = f"restored-{operator.stage.name}"
    operator.account.client("dynamodb").create_table(
        TableName=name, KeySchema=keys, BillingMode=properties["BillingMode"],
        AttributeDefinitions=[{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys],
    )  # fmt: skip
    return name


def run(operator: Operator, source: str) -> None:
    waited: list[float] = []
    restore(
        operator.account,
        operator.stack,
        source,
        operator.consent(),
        operator.said.append,
        waited.append,
    )
    operator.said.append(f"waited {waited}")


def concurrency(operator: Operator) -> int | None:
    found = operator.account.client("lambda").get_function_concurrency(FunctionName=f"{operator.stage.stack}-api")
    reserved: int | None = found.get("ReservedConcurrentExecutions")
    return reserved


def test_the_table_holds_what_the_other_holds(deployed: Operator):
    source, target = restored(deployed), table_of(deployed)
    put(deployed, source, *(f"weaver#{number}" for number in range(60)), value="then")
    put(deployed, target, "weaver#1", "weaver#2", "weaver#later", value="now")
    run(deployed, source)
    assert held(deployed, target) == {f"weaver#{number}": "then" for number in range(60)}
    assert held(deployed, source) == held(deployed, target)
    assert "60 items restored, 1 that were not there then removed" in deployed.text
    assert concurrency(deployed) is None
    assert "waited [29]" in deployed.text


def test_concurrency_that_somebody_reserved_is_reserved_again(deployed: Operator):
    functions = deployed.account.client("lambda")
    functions.put_function_concurrency(FunctionName=f"{deployed.stage.stack}-api", ReservedConcurrentExecutions=7)
    run(deployed, restored(deployed))
    assert concurrency(deployed) == 7


def test_it_is_asked_for(deployed: Operator):
    source = restored(deployed)
    put(deployed, table_of(deployed), "weaver#1", value="now")
    deployed.yes = False
    with pytest.raises(Refused, match="nothing was changed"):
        run(deployed, source)
    assert held(deployed, table_of(deployed)) == {"weaver#1": "now"}
    assert concurrency(deployed) is None


def test_what_breaks_leaves_the_functions_stopped_and_can_be_done_again(deployed: Operator):
    source = restored(deployed)
    put(deployed, source, "weaver#1", value="then")

    def refuse(**_: Any) -> None:
        raise KeyboardInterrupt

    events = deployed.account._session.events
    events.register("before-call.dynamodb.BatchWriteItem", refuse)
    with pytest.raises(KeyboardInterrupt):
        run(deployed, source)
    assert concurrency(deployed) == 0
    assert f"{deployed.stage.stack}-api stay stopped; start the same again" in deployed.text
    events.unregister("before-call.dynamodb.BatchWriteItem", refuse)
    run(deployed, source)
    assert held(deployed, table_of(deployed)) == {"weaver#1": "then"}
    assert concurrency(deployed) is None


def test_a_table_that_is_none_of_ours(deployed: Operator):
    with pytest.raises(Refused, match="there is no table nothing-here"):
        run(deployed, "nothing-here")
    with pytest.raises(Refused, match="is the stage's own table"):
        run(deployed, table_of(deployed))
    other = restored(deployed, sort_key="other")
    with pytest.raises(Refused, match="has other keys"):
        run(deployed, other)
    assert deployed.asked == []


class Throttled:
    """A DynamoDB that leaves one request of each batch for later, ``times`` times."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.written: list[Any] = []

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803  # boto3's names
        [(table, batch)] = RequestItems.items()
        assert len(batch) <= 25
        left = batch[-1:] if self._times else []
        self._times -= bool(left)
        self.written += batch[: len(batch) - len(left)]
        return {"UnprocessedItems": {table: left} if left else {}}


def test_what_dynamodb_leaves_for_later_is_sent_again():
    requests = [{"PutRequest": {"Item": number}} for number in range(60)]
    slow = Throttled(times=7)
    _write(slow, "t", requests)
    assert sorted(request["PutRequest"]["Item"] for request in slow.written) == list(range(60))
    with pytest.raises(OperatingError, match="takes no more writes"):
        _write(Throttled(times=10**6), "t", requests)
