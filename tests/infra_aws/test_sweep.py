"""The minute rule, what a tick that fails becomes, and how long the functions may take."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.api.budget import REQUEST, TICK
from tests.infra_aws.stack import STAGES, expanded, merged, of_type

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

RBAC = list(yaml.safe_load_all(Path("infra/kubernetes/weavers.yaml").read_text()))


def arn(resource: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [resource, "Arn"]}


def test_every_minute_the_sweep_is_woken_once_and_not_late():
    [rule] = of_type(expanded("prod"), "AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    [target] = rule["Targets"]
    assert target["Arn"] == arn("Sweep")
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 1}
    [invoked] = of_type(expanded("prod"), "AWS::Lambda::EventInvokeConfig").values()
    assert (invoked["FunctionName"], invoked["Qualifier"]) == ({"Ref": "Sweep"}, "$LATEST")
    assert (invoked["MaximumEventAgeInSeconds"], invoked["MaximumRetryAttempts"]) == (60, 0)


def test_ticks_that_failed_end_up_in_one_queue_which_takes_them():
    template = expanded("prod")
    [rule] = of_type(template, "AWS::Events::Rule").values()
    [invoked] = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert rule["Targets"][0]["DeadLetterConfig"]["Arn"] == arn("SweepDeadLetters")
    assert invoked["DestinationConfig"]["OnFailure"]["Destination"] == arn("SweepDeadLetters")
    [policy] = of_type(template, "AWS::SQS::QueuePolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    [name] = of_type(template, "AWS::Events::Rule")
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arn(name)}}
    assert (statement["Principal"], statement["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert of_type(template, "AWS::SQS::Queue")["SweepDeadLetters"]["SqsManagedSseEnabled"] is True


def test_the_functions_outlast_their_own_budgets_and_the_api_ends_before_its_gateway():
    functions = of_type(expanded("prod"), "AWS::Lambda::Function")
    assert functions["APIHandler"]["Handler"] == "app.app"
    assert REQUEST < functions["APIHandler"]["Timeout"] <= 29  # seconds, after which API Gateway answers
    assert TICK < functions["Sweep"]["Timeout"] <= 60


def without_sizes(stage: str) -> Any:
    """The stage's template without what Chalice's configuration says of the stage."""
    whole = json.loads(json.dumps(merged(stage)).replace(f"stage={stage}:", "stage=:"))
    for name in ("APIHandler", "Sweep"):
        del whole["Resources"][name]["Properties"]["MemorySize"]
    return whole


@pytest.mark.parametrize("stage", STAGES)
def test_stages_differ_in_size_only(stage):
    assert without_sizes(stage) == without_sizes("prod")


def test_on_eks_each_function_has_the_group_that_the_clusters_rules_name():
    entries = of_type(merged("prod"), "AWS::EKS::AccessEntry").values()
    assert sorted(entry["PrincipalArn"]["Fn::GetAtt"][0] for entry in entries) == ["ApiHandlerRole", "SweepRole"]
    [group] = {subject["name"] for one in RBAC for subject in one.get("subjects", ()) if subject["kind"] == "Group"}
    assert [entry["KubernetesGroups"] for entry in entries] == [[group], [group]]
    assert all("AccessPolicies" not in entry for entry in entries)  # they would give more than the cluster's own rules
    assert {entry["Type"] for entry in entries} == {"STANDARD"}
