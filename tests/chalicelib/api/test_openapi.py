"""The document against the code: nothing is answered that it does not tell of, and it tells of nothing else."""

import ast
import inspect
from collections.abc import Iterable
from typing import Any

import jsonschema
import pytest

from app import app
from chalicelib.api.operations import OPERATIONS
from chalicelib.domain.errors import ClusterError, ClusterTimeout, NamespaceMissing, RetryLater, WeaverError
from chalicelib.domain.weaver import Weaver
from tests.chalicelib.api.described import check
from tests.chalicelib.api.gateway import SERVER_URL, Gateway
from tests.chalicelib.api.requests import GOOD
from tests.chalicelib.services.world import World
from tests.docs import inventory

ROUTES = {(method, path) for path, methods in app.routes.items() for method in methods}


@pytest.fixture
def document(gateway: Gateway) -> dict[str, Any]:
    told = gateway("GET", "/openapi.json", token=None)
    assert told.status == 200
    body: dict[str, Any] = told.body
    return body


def made(world: World) -> Weaver:
    """Everything that a weaver can have said of it."""
    return world.created_and_running(
        name="full", repo="https://git.example/o/r", branch="main", tags={"team": "blue"}, resources={"cpu_limit": "2"}
    )


def operations(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (told for methods in document["paths"].values() for told in methods.values())


def test_every_route_is_in_it_and_nothing_else(document: dict[str, Any]):
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == ROUTES == set(OPERATIONS) == set(GOOD)


def test_it_says_where_the_api_is(document: dict[str, Any]):
    assert (document["openapi"], document["servers"]) == ("3.1.0", [{"url": SERVER_URL}])


def test_it_is_openapi_and_its_references_lead_somewhere(document: dict[str, Any]):
    from schemathesis.specs.openapi.definitions import OPENAPI_31  # takes a second

    jsonschema.Draft202012Validator(OPENAPI_31).validate(document)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def references(part: Any) -> Iterable[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_it_names_each_operation_once(document: dict[str, Any]):
    names = [told["operationId"] for told in operations(document)]
    assert len(set(names)) == len(names) == len(ROUTES)
    assert all(told["summary"] and told["description"] for told in operations(document))


@pytest.mark.parametrize("operation", sorted(ROUTES), ids=" ".join)
def test_it_has_the_parameters_that_the_view_takes(document: dict[str, Any], operation: tuple[str, str]):
    method, path = operation
    parameters = document["paths"][path][method.lower()].get("parameters", ())
    assert [one["name"] for one in parameters if one["in"] == "query"] == taken(app.routes[path][method].view_function)


def taken(view: Any) -> list[str]:
    """The names in the view's ``Query(request, names)``."""
    source = ast.parse(inspect.getsource(inspect.unwrap(view)))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call)]
    queries = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Query"]
    return [name for call in queries for name in ast.literal_eval(call.args[1])]


def test_it_has_every_error(document: dict[str, Any]):
    told = {code for each in operations(document) for code in codes(each["responses"])}
    assert told >= {error.code for error in inventory._subclasses(WeaverError)}
    assert {"unauthorized", "too_many_weavers", "unsupported_media_type"} <= told


def codes(part: Any) -> Iterable[str]:
    if isinstance(part, dict):
        yield from part.get("code", {}).get("enum", ())
        for each in part.values():
            yield from codes(each)
    elif isinstance(part, list):
        for each in part:
            yield from codes(each)


@pytest.mark.parametrize("operation", sorted(GOOD), ids=" ".join)
def test_what_is_answered_when_all_is_well(gateway: Gateway, document: dict[str, Any], operation: tuple[str, str]):
    answer = GOOD[operation](gateway, made(gateway.world))
    assert answer.status in (200, 201, 204, 426), answer
    check(document, operation, answer)


@pytest.mark.parametrize("operation", sorted(GOOD), ids=" ".join)
def test_what_is_answered_when_the_store_or_the_cluster_fails(
    gateway: Gateway, document: dict[str, Any], operation: tuple[str, str]
):
    failures = [RetryLater("busy"), ClusterError("no"), ClusterTimeout("late"), NamespaceMissing("loom-weavers")]
    for moment in calls(gateway, operation):
        for failure in failures:
            if isinstance(failure, RetryLater) == (moment.removeprefix("before ") in CLUSTER):
                continue
            gateway.deploy(World())
            weaver = made(gateway.world)
            gateway.world.meanwhile(moment, raising(failure))
            check(document, operation, GOOD[operation](gateway, weaver))


@pytest.mark.parametrize("operation", sorted(GOOD), ids=" ".join)
def test_a_mistake_of_ours_is_told_in_the_envelope_and_nothing_of_it(
    gateway: Gateway, document: dict[str, Any], operation: tuple[str, str]
):
    for moment in calls(gateway, operation):
        gateway.deploy(World())
        weaver = made(gateway.world)
        gateway.world.meanwhile(moment, raising(ZeroDivisionError("s3cret")))
        answer = GOOD[operation](gateway, weaver)
        check(document, operation, answer)
        assert "s3cret" not in str(answer)
        assert answer.status == 500 or operation == ("POST", "/api/weavers/cleanup")  # a sweep goes on with the others


#: The calls of a cluster; those of the store are the others.
CLUSTER = {"create_pod", "get_pod", "delete_pod", "pod_events", "list_pods", "ping"}


def calls(gateway: Gateway, operation: tuple[str, str]) -> set[str]:
    """The moments before each call of a port that the operation makes."""
    weaver = made(gateway.world)
    seen: set[str] = set()
    gateway.world.watcher = lambda moment, _args: seen.add(moment)
    GOOD[operation](gateway, weaver)
    return {moment for moment in seen if moment.startswith("before ")}


def raising(error: Exception) -> Any:
    def fail(*_args: object) -> None:
        raise error

    return fail


def test_an_ended_weaver_and_an_unhealthy_deployment_are_as_it_says(gateway: Gateway, document: dict[str, Any]):
    weaver = made(gateway.world)
    gateway("DELETE", "/api/weaver/{id}", reference=weaver.id, loom_via="Slack")
    gateway.world.cluster.settle()
    operation = ("GET", "/api/weaver/{weaver_id}")
    gone = GOOD[operation](gateway, weaver)
    check(document, operation, gone)
    assert (gone.body["ending"]["by"], gone.body["ending"]["via"]) == ("user-alice", "Slack")
    assert gone.body["ended_at"]
    gateway.world.cluster.failures["ping"] = ClusterTimeout("late")
    health = GOOD["GET", "/health"](gateway, weaver)
    assert health.status == 503
    check(document, ("GET", "/health"), health)


def test_a_sweep_tells_its_steps_as_it_says(gateway: Gateway, document: dict[str, Any]):
    weaver = made(gateway.world)
    gateway.world.clock.now = weaver.expires_at
    operation = ("POST", "/api/weavers/cleanup")
    swept = GOOD[operation](gateway, weaver)
    check(document, operation, swept)
    assert swept.body["steps"]


@pytest.mark.parametrize(
    "operation", sorted(key for key, told in OPERATIONS.items() if told.authenticated), ids=" ".join
)
def test_nobody_is_told_anything_but_to_say_who_they_are(
    gateway: Gateway, document: dict[str, Any], operation: tuple[str, str]
):
    method, path = operation
    answer = gateway(method, path.replace("{weaver_id}", "{id}"), token=None)
    assert answer.status == 401
    check(document, operation, answer)
