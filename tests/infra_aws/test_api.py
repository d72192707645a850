"""API Gateway in front of the API: its own answers, its logs and limits, and the URL that people use."""

import json
import re
import threading
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import boto3
import pytest

from app import app
from loom.client.config import Config
from loom.client.http import HttpClient
from scripts.docs.pages import FOLDER, filled
from tests.infra_aws.stack import expanded, merged, of_type

pytestmark = pytest.mark.xdist_group("stack")  # merged and expanded once

BODY = expanded("prod")["Resources"]["RestAPI"]["Properties"]["Body"]
ANSWERS = BODY["x-amazon-apigateway-gateway-responses"]
[STAGE] = of_type(expanded("prod"), "AWS::ApiGateway::Stage").values()
#: As API Gateway would answer each kind if nothing were said: those that have no status of their own are any 4xx or 5xx.
THEIRS = {"API_CONFIGURATION_ERROR": 500, "AUTHORIZER_CONFIGURATION_ERROR": 500, "AUTHORIZER_FAILURE": 500,
          "BAD_REQUEST_BODY": 400, "BAD_REQUEST_PARAMETERS": 400, "DEFAULT_4XX": 400, "DEFAULT_5XX": 500}  # fmt: skip


def documented() -> set[tuple[str, int]]:
    """(code, status) of every error that the page tells of."""
    rows = re.findall(
        r"^\| (`.+?`) \| ([\d, ]+) \|", filled((FOLDER / "http-api.md").read_text(), "http-api.md"), re.MULTILINE
    )
    return {
        (code, int(status))
        for codes, statuses in rows
        for code in re.findall(r"`(\w+)`", codes)
        for status in statuses.split(",")
    }


def test_every_kind_of_answer_that_api_gateway_has_is_ours():
    service = boto3.client("apigateway", region_name="us-east-1").meta.service_model
    assert ANSWERS.keys() == set(service.shape_for("GatewayResponseType").enum)


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_it_is_in_our_envelope_with_a_documented_code(kind):
    answer = ANSWERS[kind]
    [(media_type, template)] = answer["responseTemplates"].items()
    assert media_type == "application/json"
    body = json.loads(template)  # fixed words: AWS' own may have somebody's token in them
    assert body["error"].keys() == {"code", "message", "details"}
    assert body["error"]["message"]
    assert body["error"]["details"] == {}
    status = int(answer["statusCode"]) if "statusCode" in answer else THEIRS[kind]
    assert (body["error"]["code"], status) in documented()


def test_whoever_should_come_again_is_told_when():
    coming_again = {kind for kind, answer in ANSWERS.items() if "retry_later" in str(answer["responseTemplates"])}
    assert coming_again == {"THROTTLED", "QUOTA_EXCEEDED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"}
    for kind in coming_again:
        assert ANSWERS[kind]["responseParameters"] == {"gatewayresponse.header.Retry-After": "'1'"}
    assert ANSWERS["UNAUTHORIZED"]["responseParameters"] == {"gatewayresponse.header.WWW-Authenticate": "'Bearer'"}


def test_the_access_log_is_json_and_holds_nothing_that_may_be_secret_or_forged():
    told = json.loads(STAGE["AccessLogSetting"]["Format"])
    assert {"request_id", "route", "status", "error"} <= told.keys()
    allowed = re.compile(
        r"\$context\.(requestId|requestTimeEpoch|identity\.sourceIp|httpMethod|resourcePath|status|"
        r"responseLatency|integration\.latency|responseLength|error\.responseType|xrayTraceId)"
    )
    assert all(allowed.fullmatch(value) for value in told.values())
    [settings] = STAGE["MethodSettings"]
    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "OFF"


def test_requests_are_limited_on_every_method():
    [settings] = STAGE["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "RequestBurst"}


def test_there_is_one_stage_and_the_url_names_it():
    stages = of_type(expanded("prod"), "AWS::ApiGateway::Stage")
    assert [one["StageName"] for one in stages.values()] == ["v1"]
    [deployment] = of_type(expanded("prod"), "AWS::ApiGateway::Deployment").values()
    assert "StageName" not in deployment  # a second one, without limits and logs
    _, own, gateways = merged("prod")["Outputs"]["ServerUrl"]["Value"]["Fn::If"]
    assert own == {"Fn::Sub": "https://${DomainName}"}
    assert gateways == {"Fn::Sub": "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1"}
    told = merged("prod")["Globals"]["Function"]["Environment"]["Variables"]["LOOM_SERVER_URL"]
    assert told == merged("prod")["Outputs"]["ServerUrl"]["Value"]


def test_a_domain_has_no_path_and_leaves_no_second_door():
    template = expanded("prod")
    [mapping] = of_type(template, "AWS::ApiGateway::BasePathMapping").values()
    assert "BasePath" not in mapping
    endpoint = BODY["x-amazon-apigateway-endpoint-configuration"]
    assert endpoint == {"disableExecuteApiEndpoint": {"Fn::If": ["HasDomain", True, False]}}


def test_the_firewall_keeps_no_samples_which_would_show_tokens():
    [firewall] = of_type(expanded("prod"), "AWS::WAFv2::WebACL").values()
    visible = [firewall["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in firewall["Rules"])]
    assert [one["SampledRequestsEnabled"] for one in visible] == [False] * 4
    [association] = of_type(expanded("prod"), "AWS::WAFv2::WebACLAssociation").values()
    [stage] = of_type(expanded("prod"), "AWS::ApiGateway::Stage")
    assert association["ResourceArn"]["Fn::Sub"].endswith(f"::/restapis/${{RestAPI}}/stages/${{{stage}}}")


def test_the_stage_is_made_after_api_gateway_may_write_logs():
    assert {"Fn::If": ["MakesLogRole", {"Ref": "ApiGatewayAccount"}, "exists"]} in [
        tag["Value"] for tag in STAGE["Tags"]
    ]


class _Gateway(BaseHTTPRequestHandler):
    """API Gateway as the function sees it: the stage is in the URL and in the context, and not in the path."""

    def do_GET(self):
        root, stage, path = self.path.split("/", 2)
        assert (root, stage) == ("", "v1")
        event = {
            "httpMethod": "GET", "resource": f"/{path}", "path": f"/{path}", "body": None, "isBase64Encoded": False,
            "headers": dict(self.headers), "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
            "queryStringParameters": None, "multiValueQueryStringParameters": None, "pathParameters": None, "stageVariables": None,
            "requestContext": {"resourcePath": f"/{path}", "path": self.path, "stage": stage, "httpMethod": "GET",
                               "identity": {"sourceIp": "192.0.2.1"}},
        }  # fmt: skip
        answer = app(event, SimpleNamespace(aws_request_id="1", function_name="test", memory_limit_in_mb=128))
        content = answer["body"].encode()
        self.send_response(answer["statusCode"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


def test_the_stage_does_not_double_a_path():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Gateway) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            client = HttpClient(Config(f"http://127.0.0.1:{server.server_port}/v1", ""), lambda _what: nullcontext())
            answer = client.request("GET", "/api/weavers", also=401)
            client.close()
        finally:
            server.shutdown()
            thread.join()
    assert answer["error"]["code"] == "unauthorized"  # and not that there is no such path
    assert "/api/weavers" in BODY["paths"]
