"""What the packaged functions log: each line says which request or event it is about, in AWS's own ids."""

import pytest

from tests.package.events import TICK, request
from tests.package.functions import Function, Package
from tests.package.lambda_runtime import invocation_id, trace_id

pytestmark = pytest.mark.xdist_group("package")


def test_a_requests_lines_have_the_id_that_its_client_got(packaged: Package, function: Function):
    """API Gateway gives it to the client as ``x-amzn-RequestId``."""
    function.logged()
    invocations = []
    for number in range(2):
        event = request("GET", "/api/weavers", token="alice")
        event["requestContext"]["requestId"] = f"request-{number}"
        assert function.ask(packaged.handler("APIHandler"), event).status == 200
        lines = [line for line in function.logged() if "message" in line]
        assert [line["message"] for line in lines] == ["request"]
        assert {line["correlation_id"] for line in lines} == {f"request-{number}"}
        invocations += [(line["function_request_id"], line["xray_trace_id"]) for line in lines]
    first = int(invocations[0][0][-12:])
    assert invocations == [(invocation_id(number), trace_id(number)) for number in (first, first + 1)]


def test_no_line_is_told_once_more_by_lambdas_own_handler(packaged: Package, function: Function):
    function.ask(packaged.handler("APIHandler"), request("GET", "/api/weavers", token="alice"))
    assert [line for line in function.log.read_text().splitlines() if not line.startswith("{")] == []


def test_a_sweeps_lines_have_the_id_of_its_tick(packaged: Package, function: Function):
    function.logged()
    function.invoke(packaged.handler("Sweep"), TICK)
    lines = [line for line in function.logged() if "message" in line]
    assert [line["message"] for line in lines] == ["sweep"]
    assert {line["correlation_id"] for line in lines} == {TICK["id"]}


def test_no_line_has_a_token_or_an_environment_value(packaged: Package, function: Function):
    body = {"image": "registry.invalid/tools:1", "env": {"PASSWORD": "hunter2-in-the-open"}}
    assert (
        function.ask(packaged.handler("APIHandler"), request("POST", "/api/weaver", body, token="alice")).status == 201
    )
    text = function.log.read_text()
    assert "hunter2-in-the-open" not in text
    assert "Bearer" not in text
