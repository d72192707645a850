"""A stack that goes: not while people work in it, and with a word on what stays."""

from collections.abc import Mapping

import pytest

from chalicelib.adapters.dynamodb.table import Table, table
from scripts.aws.errors import Refused
from scripts.aws.stack import Stack
from tests.scripts.aws.conftest import GIVEN, REGION, Operator
from tests.scripts.aws.test_deploy import table_of


@pytest.fixture
def deployed(operator: Operator) -> Operator:
    operator.deploy()
    operator.said.clear()
    operator.asked.clear()
    return operator


def records(operator: Operator) -> Table:
    return table(table_of(operator), region=REGION, endpoint=operator.account.client("dynamodb").meta.endpoint_url)


def live(operator: Operator, count: int) -> None:
    """Weavers as the index `due` has them, in different shards; and a counter, which is not in it."""
    items = records(operator).items
    for number in range(count):
        items(f"weaver#{number}", "weaver", shard=f"due#{number % 4}", due_at=number).save()
    items("owner#alice", "usage", living=count).save()


def test_it_goes_when_nobody_works_in_it(deployed: Operator):
    live(deployed, 0)
    deployed.destroy()
    assert deployed.asked == [f"delete the stack {deployed.stage.stack}?"]
    assert deployed.protection == [True, False]
    assert deployed.stack.status is None


def test_what_stays_is_told_with_what_it_costs(deployed: Operator):
    deployed.destroy()
    assert "  stays: AWS::DynamoDB::Table " in deployed.text
    assert "storage and backups" in deployed.text
    assert "AWS::SQS::Queue" not in deployed.text
    assert "the releases in the artifact bucket" in deployed.text


def test_it_is_refused_while_weavers_live(deployed: Operator):
    live(deployed, 5)
    with pytest.raises(Refused, match="5 weavers live in "):
        deployed.destroy()
    assert deployed.asked == []
    assert deployed.protection == [True]
    assert deployed.stack.status == "CREATE_COMPLETE"


def test_when_forced_it_says_whose_pods_are_left(deployed: Operator):
    live(deployed, 2)
    deployed.destroy(force=True)
    assert deployed.stack.status is None
    assert f"kubectl delete pods -n loom-weavers -l loom.dev/deployment={deployed.stage.stack}" in deployed.text


def test_the_pods_that_are_left_are_where_the_stack_has_them(operator: Operator):
    operator.configure(**GIVEN, Namespace="tools")
    operator.deploy()
    live(operator, 1)
    operator.destroy(force=True)
    assert "pods of 1 weavers are left: kubectl delete pods -n tools -l " in operator.text


def test_a_table_that_does_not_tell_is_in_nobodys_way_who_insists(deployed: Operator):
    deployed.account.client("dynamodb").delete_table(TableName=table_of(deployed))
    with pytest.raises(Refused, match=r"cannot count the weavers in .*With FORCE=1 the stack goes all the same"):
        deployed.destroy()
    assert deployed.stack.status == "CREATE_COMPLETE"
    deployed.destroy(force=True)
    assert deployed.stack.status is None
    assert "  cannot count the weavers in " in deployed.text
    assert "pods of weavers may be left: kubectl delete pods -n loom-weavers -l " in deployed.text


class HalfMade(Stack):
    """What was never made has no physical id (ListStackResources: "Required: No"). moto makes all of it."""

    def resources(self) -> list[Mapping[str, str]]:
        return [
            {name: value for name, value in one.items() if name != "PhysicalResourceId"} for one in super().resources()
        ]


def test_a_stack_of_which_nothing_was_made(deployed: Operator):
    live(deployed, 1)
    plain = deployed.stack
    deployed.stack = HalfMade(plain.cloudformation, plain.name, plain.pause)
    deployed.destroy()
    assert deployed.stack.status is None
    assert "stays: AWS::DynamoDB::Table" not in deployed.text


def test_it_is_asked_for(deployed: Operator):
    deployed.yes = False
    with pytest.raises(Refused, match="nothing was changed"):
        deployed.destroy()
    assert deployed.stack.status == "CREATE_COMPLETE"
    assert deployed.protection == [True]


def test_what_is_not_there_is_gone_already(operator: Operator):
    operator.destroy()
    assert "nothing to destroy" in operator.text
