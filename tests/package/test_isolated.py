"""The packaged functions answer everything by themselves: what they import is in the package or in Python."""

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import app
from tests.package.conftest import TOKENS
from tests.package.events import TICK, Answer, request
from tests.package.functions import Function, Package, running
from tests.package.story import tell

pytestmark = pytest.mark.xdist_group("package")

ROUTES = sorted((method, route) for route, methods in app.routes.items() for method in methods)


def test_a_weaver_from_creation_to_deletion(packaged: Package, function: Function):
    tell(packaged, function, "packed")


def test_the_sweep_of_every_minute(packaged: Package, function: Function):
    swept = function.invoke(packaged.handler("Sweep"), TICK)
    assert swept == {"deleted_count": 0, "deleted_ids": [], "more": False}
    assert "loom_weavers_cleanup_total" in {name for line in function.logged() for name in line}


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("token", [*TOKENS, None])
def test_every_route_answers_in_our_json_when_nothing_is_there(
    packaged: Package, function: Function, method: str, route: str, token: str | None
):
    answer = _nothing_there(function, packaged, method, route, token)
    assert answer.status < 500, (answer, function.log.read_text())


def test_what_api_gateways_console_sends_is_answered(packaged: Package, function: Function):
    """Its test page sends no headers at all: null."""
    for method, route in ROUTES:
        event = {**request(method, route, weaver_id="nothing-there"), "headers": None, "multiValueHeaders": None}
        answer = function.ask(packaged.handler("APIHandler"), event)
        assert answer.status < 500, (answer, function.log.read_text())


@pytest.fixture(scope="module")
def cut_off(
    packaged: Package, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """In a deployment whose cluster nobody can reach."""
    folder = tmp_path_factory.mktemp("cut-off")
    kubeconfig = yaml.safe_load(Path(settings["LOOM_KUBECONFIG"]).read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    with running(packaged, {**settings, "LOOM_KUBECONFIG": str(folder / "kubeconfig")}, folder / "log") as function:
        yield function


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_every_route_answers_in_our_json_when_the_cluster_is_away(
    packaged: Package, cut_off: Function, method: str, route: str
):
    answer = _nothing_there(cut_off, packaged, method, route, "alice")
    assert answer.status in {*range(200, 500), 502, 503}, (answer, cut_off.log.read_text())


def _nothing_there(function: Function, packaged: Package, method: str, route: str, token: str | None) -> Answer:
    names = {piece.partition("}")[0] for piece in route.split("{")[1:]}
    body: dict[str, Any] | None = {} if method == "POST" else None
    event = request(method, route, body, token=token, **dict.fromkeys(names, "nothing-there"))
    answer = function.ask(packaged.handler("APIHandler"), event)
    if answer.status >= 400 and route != "/health":
        assert answer.body["error"].keys() == {"code", "message", "details"}
    return answer


def test_nothing_outside_the_package_was_loaded(packaged: Package, function: Function):
    for event in (request("GET", "/.well-known/jwks.json"), request("GET", "/health")):
        function.ask(packaged.handler("APIHandler"), event)
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    allowed = (str(packaged.task), str(packaged.layer), *standard)
    places: dict[str, str] = function.invoke("modules", None)
    places.pop("__main__")
    assert {"cryptography", "yaml", "pynamodb", "jwt", "pydantic"} <= places.keys()
    assert [place for place in places.values() if not place.startswith(allowed) or "site-packages" in place] == []


def test_whatever_our_code_may_import_is_in_the_package(packaged: Package, function: Function):
    """Also where no request of these tests comes along."""
    names = {name for path in packaged.task.joinpath("chalicelib").rglob("*.py") for name in _imported(path)}
    assert {"botocore.exceptions", "yaml"} <= names
    assert function.invoke("not_found", sorted(names)) == [
        "snapshot_restore_py"
    ]  # Lambda brings it, from Python 3.12 on


def _imported(path: Path) -> Iterator[str]:
    """Modules, wherever in the file they are imported. What is imported only to be typed does not count."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_a_module_that_is_missing_is_seen(packaged: Package, settings: dict[str, str], tmp_path: Path):
    """These tests can fail: the same package without one library answers 500 where it is used."""
    layer = tmp_path / "opt" / "python"
    layer.mkdir(parents=True)
    tmp_path.joinpath("task").symlink_to(packaged.task)
    for entry in packaged.layer.iterdir():
        if entry.name != "jwt":
            layer.joinpath(entry.name).symlink_to(entry)
    with running(Package(packaged.folder, tmp_path), settings, tmp_path / "log") as function:
        assert function.invoke("not_found", ["jwt", "yaml"]) == ["jwt"]
        event = request("GET", "/.well-known/jwks.json")
        answer = function.ask(packaged.handler("APIHandler"), event)
        [told] = [line for line in function.logged() if "exception" in line]
    assert answer.status == 500
    assert "No module named 'jwt'" in told["exception"]
    assert told["correlation_id"] == event["requestContext"]["requestId"]
