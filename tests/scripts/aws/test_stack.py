"""What CloudFormation does that moto does not: plans and updates that fail, events in pages. A client that answers so."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.aws.account import told
from scripts.aws.errors import OperatingError
from scripts.aws.stack import Proposal, Stack


class Client:
    """Answers each operation with what is next in ``answers``; the last one again and again."""

    def __init__(self, **answers: Sequence[Mapping[str, Any]]) -> None:
        self._answers = {name: list(some) for name, some in answers.items()}
        self.asked: list[str] = []

    def __getattr__(self, operation: str) -> Any:
        def ask(**_: Any) -> Mapping[str, Any]:
            self.asked.append(operation)
            answers = self._answers.get(operation, [{}])
            return answers.pop(0) if len(answers) > 1 else answers[0]

        return ask

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**_: Any) -> list[Mapping[str, Any]]:
                return [getattr(self, operation)()]

        return Pages()


def stack(**answers: Sequence[Mapping[str, Any]]) -> Stack:
    return Stack(Client(**answers), "weavers-dev", lambda: None)


def states(*names: str) -> list[Mapping[str, Any]]:
    return [{"Stacks": [{"StackStatus": name, "StackId": "id"}]} for name in names]


def event(number: int, status: str, reason: str | None = None) -> Mapping[str, Any]:
    told = {"EventId": str(number), "ResourceStatus": status, "LogicalResourceId": f"R{number}"}
    return {
        **told,
        "Timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        **({"ResourceStatusReason": reason} if reason else {}),
    }


FIRST, SECOND, THIRD = (
    event(1, "UPDATE_IN_PROGRESS"),
    event(2, "UPDATE_FAILED", "no rights"),
    event(3, "UPDATE_COMPLETE"),
)


def test_events_are_told_once_and_in_order():
    said: list[str] = []
    told = [{"StackEvents": events} for events in ([], [FIRST], [THIRD, FIRST], [THIRD, FIRST])]
    following = stack(
        describe_stacks=states("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
        describe_stack_events=told,
    )
    following.carry_out(Proposal("set", [], makes_stack=False), said.append)
    assert [line.split()[-1] for line in said] == ["R1", "R3"]


def test_an_update_that_fails_says_what_failed():
    failing = stack(
        describe_stacks=states("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        describe_stack_events=[{"StackEvents": []}, {"StackEvents": [SECOND, FIRST]}],
    )
    with pytest.raises(OperatingError, match=r"ended as UPDATE_ROLLBACK_COMPLETE\n  .*R2: no rights"):
        failing.carry_out(Proposal("set", [], makes_stack=False), lambda _line: None)


def test_a_plan_that_cannot_be_made_leaves_no_change_set():
    failing = stack(
        describe_stacks=states("UPDATE_COMPLETE"),
        create_change_set=[{"Id": "set"}],
        describe_change_set=[{"Status": "CREATE_IN_PROGRESS"}, {"Status": "FAILED", "StatusReason": "no such bucket"}],
    )
    with pytest.raises(OperatingError, match="made no plan: no such bucket"):
        failing.propose("https://…", {}, {})
    assert "delete_change_set" in failing.cloudformation.asked
    assert "delete_stack" not in failing.cloudformation.asked


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_both_ways_in_which_aws_says_that_nothing_changes(reason: str):
    same = stack(
        describe_stacks=states("UPDATE_COMPLETE"),
        create_change_set=[{"Id": "set"}],
        describe_change_set=[{"Status": "FAILED", "StatusReason": reason}],
    )
    assert same.propose("https://…", {}, {}) is None


def test_resources_that_a_failed_deployment_took_away_are_not_there():
    summaries = [{"ResourceStatus": status} for status in ("CREATE_COMPLETE", "DELETE_COMPLETE", "UPDATE_FAILED")]
    there = stack(list_stack_resources=[{"StackResourceSummaries": summaries}]).resources()
    assert [one["ResourceStatus"] for one in there] == ["CREATE_COMPLETE", "UPDATE_FAILED"]


def test_what_chalice_tells_is_not_told():
    described = [
        {"OutputKey": "ServerUrl", "OutputValue": "https://loom.example.com", "Description": "What people give."},
        {"OutputKey": "EndpointURL", "OutputValue": "https://x.execute-api.us-east-1.amazonaws.com/v1/"},
    ]
    there = stack(describe_stacks=[{"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": described}]}])
    assert there.outputs() == {"ServerUrl": "https://loom.example.com"}


@pytest.mark.parametrize(
    ("code", "status", "exit_code"),
    [("ValidationError", 400, 1), ("AccessDenied", 403, 1), ("Throttling", 400, 2), ("InternalFailure", 500, 2)],
)
def test_what_aws_refuses_is_the_users_to_mend_and_what_fails_is_not(code: str, status: int, exit_code: int):
    answer: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(OperatingError, match=f"AWS refused CreateChangeSet: {code}: why") as raised, told():
        raise ClientError(answer, "CreateChangeSet")
    assert raised.value.exit_code == exit_code
