"""Each resource of the stack, as its own service tells it."""

import base64
import hashlib
import json
from typing import Any

import pytest

from app import app
from chalicelib.adapters.dynamodb.table import Item, table
from tests.aws.conftest import EMAIL, ENDPOINT
from tests.aws.deployment import REGION, Deployment

pytestmark = pytest.mark.xdist_group("aws")

#: The types that a test here looks at.
LOOKED_AT = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
}
#: Those that the suite does not ask for, of types that moto would make.
NOT_ASKED_FOR = {"AWS::Route53::RecordSet"}


def test_the_table_is_the_one_of_the_code(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    dynamodb = deployment.client("dynamodb")
    by_the_code = table(f"{deployment.stack.name}-by-the-code", region=REGION, endpoint=dynamodb.meta.endpoint_url)
    by_the_code.create()
    names = (deployment.physical["WeaversTable"], by_the_code.items.Meta.table_name)
    stack, code = (_layout(dynamodb.describe_table(TableName=name)["Table"]) for name in names)
    assert stack == code
    assert stack["indexes"].keys() == {"due", "walk"}


def _layout(described: dict[str, Any]) -> dict[str, Any]:
    indexes = described["GlobalSecondaryIndexes"]
    return {
        "keys": described["KeySchema"],
        "attributes": sorted(map(sorted, (one.items() for one in described["AttributeDefinitions"]))),
        "indexes": {one["IndexName"]: (one["KeySchema"], sorted(one["Projection"])) for one in indexes},
        "billing": described["BillingModeSummary"]["BillingMode"],
    }


def test_the_table_keeps_what_it_must_and_no_longer(deployment: Deployment):
    dynamodb, name = deployment.client("dynamodb"), deployment.physical["WeaversTable"]
    assert dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": Item.ttl.attr_name}
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_every_minute_the_sweep_is_told_and_a_tick_that_is_lost_is_kept(deployment: Deployment):
    events, rule = deployment.client("events"), deployment.physical["SweepSweepEvent"].rpartition("/")[2]
    described = events.describe_rule(Name=rule)
    assert (described["ScheduleExpression"], described["State"]) == ("rate(1 minute)", "ENABLED")
    [target] = events.list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"] == deployment.function("Sweep")["FunctionArn"]
    assert target["DeadLetterConfig"] == {"Arn": _queue(deployment)["QueueArn"]}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 60  # the next tick does what this one could not
    failed = deployment.client("lambda").get_function_event_invoke_config(FunctionName=deployment.physical["Sweep"])
    assert failed["MaximumRetryAttempts"] == 0
    assert failed["DestinationConfig"]["OnFailure"] == {"Destination": _queue(deployment)["QueueArn"]}


def test_the_dead_letters_are_kept_for_days_and_only_the_rule_may_send_them(deployment: Deployment):
    queue = _queue(deployment)
    assert int(queue["MessageRetentionPeriod"]) == 4 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] == "true"
    [statement] = json.loads(queue["Policy"])["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    rule = deployment.client("events").describe_rule(Name=deployment.physical["SweepSweepEvent"].rpartition("/")[2])
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}


def _queue(deployment: Deployment) -> dict[str, str]:
    asked = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.physical["SweepDeadLetters"], AttributeNames=["All"]
    )
    attributes: dict[str, str] = asked["Attributes"]
    return attributes


def test_the_key_of_the_tickets_signs_and_the_other_encrypts_and_rotates(deployment: Deployment):
    kms = deployment.client("kms")
    arn = deployment.function("APIHandler")["Environment"]["Variables"]["LOOM_TICKET_KMS_KEY"]
    ticket_key = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert (ticket_key["KeySpec"], ticket_key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    data_key = deployment.physical["DataKey"]
    assert kms.describe_key(KeyId=data_key)["KeyMetadata"]["KeyUsage"] == "ENCRYPT_DECRYPT"
    assert kms.get_key_rotation_status(KeyId=data_key)["KeyRotationEnabled"]


def test_logs_are_kept_for_ninety_days(deployment: Deployment):
    logs = deployment.client("logs")
    groups = [deployment.physical[name] for name in deployment.of_type("AWS::Logs::LogGroup")]
    assert len(groups) == 3
    for name in groups:
        [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["retentionInDays"] == 90


def test_every_alarm_watches_what_it_says_and_tells_the_topic(deployment: Deployment):
    topic = deployment.physical["AlarmTopic"]
    pages = (
        deployment.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=deployment.stack.name)
    )
    alarms = {one["AlarmDescription"]: one for page in pages for one in page["MetricAlarms"]}
    wanted = deployment.of_type("AWS::CloudWatch::Alarm").values()
    assert alarms.keys() == {one["AlarmDescription"] for one in wanted}
    for one in wanted:
        alarm = alarms[one["AlarmDescription"]]
        literal = {name: value for name, value in one.items() if isinstance(value, str | int | float)}
        assert {name: alarm.get(name) for name in literal} == literal
        assert alarm["AlarmActions"] == [topic]


def test_the_dashboard_shows_this_stack(deployment: Deployment):
    [name] = deployment.of_type("AWS::CloudWatch::Dashboard")
    dashboard = deployment.client("cloudwatch").get_dashboard(DashboardName=deployment.physical[name])
    body = json.loads(dashboard["DashboardBody"])
    assert body["widgets"]
    assert "${" not in dashboard["DashboardBody"]  # nothing that CloudFormation should have put there


def test_the_topic_is_encrypted_by_our_key(deployment: Deployment):
    topic = deployment.client("sns").get_topic_attributes(TopicArn=deployment.physical["AlarmTopic"])["Attributes"]
    assert topic["KmsMasterKeyId"].endswith(deployment.physical["DataKey"])


def test_the_operators_hear_of_alarms(deployment: Deployment):
    topic = deployment.physical["AlarmTopic"]
    [one] = deployment.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (one["Protocol"], one["Endpoint"]) == ("email", EMAIL)


def test_api_gateway_may_write_its_log(deployment: Deployment):
    role = deployment.client("apigateway").get_account()["cloudwatchRoleArn"]
    assert role.endswith(deployment.physical["ApiGatewayLogsRole"])


@pytest.mark.parametrize("name", ["APIHandler", "Sweep"])
def test_a_function_runs_the_package_as_its_own_role(deployment: Deployment, name: str):
    function, wanted = deployment.function(name), deployment.of_type("AWS::Lambda::Function")[name]
    code = (deployment.package.folder / "deployment.zip").read_bytes()
    assert function["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    told = {one: function[one] for one in ("Handler", "Runtime", "Timeout", "MemorySize")}
    assert told == {one: wanted[one] for one in told}
    role = deployment.physical[wanted["Role"]["Fn::GetAtt"][0]]
    assert function["Role"].endswith(f"/{role}")
    assert function["Environment"]["Variables"]["LOOM_TABLE"] == deployment.physical["WeaversTable"]
    if ENDPOINT:
        assert function["TracingConfig"] == wanted["TracingConfig"]
        assert function["Layers"]


def test_who_may_call_the_functions(deployment: Deployment):
    [rule] = _may_call(deployment, "Sweep", "events.amazonaws.com")
    assert rule.endswith(deployment.physical["SweepSweepEvent"].rpartition("/")[2])
    [api] = _may_call(deployment, "APIHandler", "apigateway.amazonaws.com")
    assert api.endswith(f":{deployment.physical['RestAPI']}/*")


def _may_call(deployment: Deployment, name: str, service: str) -> list[str]:
    """ARNs of what ``service``, and nobody else, may call it for."""
    policy = deployment.client("lambda").get_policy(FunctionName=deployment.physical[name])["Policy"]
    statements = json.loads(policy)["Statement"]
    assert {one["Principal"]["Service"] for one in statements} == {service}
    return [next(iter(one["Condition"]["ArnLike"].values())) for one in statements]


def test_the_layer_is_the_package_s(deployment: Deployment):
    layers = deployment.client("lambda").list_layers()["Layers"]
    [ours] = [one for one in layers if one["LayerName"].startswith(deployment.stack.name)]
    assert ours["LatestMatchingVersion"]["CompatibleRuntimes"] == ["python3.11"]


def test_every_route_leads_to_the_function_under_the_stage(deployment: Deployment):
    gateway, api = deployment.client("apigateway"), deployment.physical["RestAPI"]
    resources = gateway.get_resources(restApiId=api, limit=500, embed=["methods"])["items"]
    methods = {
        (one["path"], method): described["methodIntegration"]
        for one in resources
        for method, described in one.get("resourceMethods", {}).items()
    }
    assert methods.keys() == {(path, method) for path, routes in app.routes.items() for method in routes}
    function = deployment.function("APIHandler")["FunctionArn"]
    assert all(one["type"] == "AWS_PROXY" and f"/{function}/" in one["uri"] for one in methods.values())
    url = deployment.function("APIHandler")["Environment"]["Variables"]["LOOM_SERVER_URL"]
    assert url.endswith("/v1")
    assert f"{api}.execute-api" in url


def test_the_stage_throttles_and_logs(deployment: Deployment):
    [stage] = deployment.client("apigateway").get_stages(restApiId=deployment.physical["RestAPI"])["item"]
    assert (stage["stageName"], stage["tracingEnabled"]) == ("v1", True)
    settings = stage["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (50, 100)
    assert deployment.physical["AccessLogs"] in stage["accessLogSettings"]["destinationArn"]
    assert json.loads(stage["accessLogSettings"]["format"])["request_id"] == "$context.requestId"


def test_the_gateway_s_own_refusals_are_in_our_envelope(deployment: Deployment):
    responses = deployment.client("apigateway").get_gateway_responses(restApiId=deployment.physical["RestAPI"])["items"]
    ours = {one["responseType"]: one for one in responses if not one.get("defaultResponse")}
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"} <= ours.keys()
    for one in ours.values():
        answer = one["responseTemplates"]["application/json"]
        assert json.loads(answer)["error"].keys() == {"code", "message", "details"}
