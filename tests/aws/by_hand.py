"""What stands in for CloudFormation where moto's does not know a type, or not all of its properties: the service is asked itself.

Each takes what the resource is called and its properties, resolved, and asks for just what they say.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from scripts.aws.account import Account

Properties = dict[str, Any]


def _table(account: Account, name: str, properties: Properties) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
    )


def _alarm(account: Account, name: str, properties: Properties) -> None:
    account.client("cloudwatch").put_metric_alarm(**{"AlarmName": name, **properties})


def _event_invoke_config(account: Account, _name: str, properties: Properties) -> None:
    account.client("lambda").put_function_event_invoke_config(**properties)


def _queue_policy(account: Account, _name: str, properties: Properties) -> None:
    policy = json.dumps(properties["PolicyDocument"])
    for queue in properties["Queues"]:
        account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


def _stage(account: Account, _name: str, properties: Properties) -> None:
    """The stage is there already, by its deployment (:mod:`tests.aws.moto`); this is what is set in it."""
    [methods] = properties["MethodSettings"]
    logs = properties["AccessLogSetting"]
    values = {
        "/tracingEnabled": properties["TracingEnabled"],
        "/accessLogSettings/destinationArn": logs["DestinationArn"],
        "/accessLogSettings/format": logs["Format"],
        "/*/*/throttling/rateLimit": methods["ThrottlingRateLimit"],
        "/*/*/throttling/burstLimit": methods["ThrottlingBurstLimit"],
        "/*/*/metrics/enabled": methods["MetricsEnabled"],
    }
    account.client("apigateway").update_stage(
        restApiId=properties["RestApiId"],
        stageName=properties["StageName"],
        patchOperations=[{"op": "replace", "path": path, "value": _text(value)} for path, value in values.items()],
    )


def _account(account: Account, _name: str, properties: Properties) -> None:
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties["CloudWatchRoleArn"]}
    account.client("apigateway").update_account(patchOperations=[role])


def _subscription(account: Account, _name: str, properties: Properties) -> None:
    account.client("sns").subscribe(**properties)


def _gateway_responses(account: Account, api: str, properties: Properties) -> None:
    gateway = account.client("apigateway")
    for kind, response in properties["GatewayResponses"].items():
        status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        parameters = response.get("responseParameters", {})
        templates = response.get("responseTemplates", {})
        gateway.put_gateway_response(
            restApiId=api, responseType=kind, responseParameters=parameters, responseTemplates=templates, **status
        )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


#: Type -> what makes a resource of it, or what the stack left out of it.
BY_HAND: Final[Mapping[str, Callable[[Account, str, Properties], None]]] = {
    "AWS::ApiGateway::Account": _account,
    "AWS::ApiGateway::RestApi": _gateway_responses,
    "AWS::ApiGateway::Stage": _stage,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::DynamoDB::Table": _table,
    "AWS::Lambda::EventInvokeConfig": _event_invoke_config,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
