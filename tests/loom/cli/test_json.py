"""What ``--json`` prints is what :mod:`loom.cli.schemas` promises."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from loom.cli.grammar import Parser
from loom.cli.parser import grammar
from loom.cli.schemas import SCHEMAS
from tests.loom.stand_in import TOKEN, WEAVER, Answer, refusal


def valid(command: str, text: str) -> object:
    Draft202012Validator(SCHEMAS[command], format_checker=FormatChecker()).validate(printed := json.loads(text))
    return printed


def test_every_command_that_takes_json_has_a_schema():
    parser = grammar()
    assert isinstance(parser, Parser)
    taking = {name for name, command in parser.commands().items() if "--json" in command.options()}
    assert taking - {"rm"} == SCHEMAS.keys()


@pytest.mark.parametrize("command", SCHEMAS)
def test_the_schemas_are_schemas(command):
    Draft202012Validator.check_schema(SCHEMAS[command])


def test_new_and_ps(run):
    assert valid("new", run("new", "--no-attach", "--json").stdout) == WEAVER
    assert valid("ps", run("ps", "--json").stdout) == [WEAVER]


def test_describe_and_extend(run, api):
    api.on("POST", "/api/weaver/otter/extend", Answer(200, WEAVER))
    assert valid("describe", run("describe", "otter", "--json").stdout) == WEAVER
    assert valid("extend", run("extend", "otter", "8h", "--json").stdout) == WEAVER


def test_delete_tells_full_ids_and_failures(run, api):
    result = run("delete", "--json", "otter", "nowhere")
    assert result.returncode == 1
    message = "no weaver of that name; list yours with: loom ps"
    failed = [{"reference": "nowhere", "code": "weaver_not_found", "message": message}]
    assert valid("delete", result.stdout) == {"deleted": [WEAVER["id"]], "failed": failed}
    assert [asked.path for asked in api.asked if asked.method == "DELETE"] == [f"/api/weaver/{WEAVER['id']}"]


def test_config_shows_no_token(run, api):
    result = run("config", "--json")
    shown = valid("config", result.stdout)
    assert isinstance(shown, dict)
    assert shown["url"] == {"value": api.url, "source": "LOOM_URL"}
    assert shown["token"] == {"value": "set, ends in test", "source": "LOOM_TOKEN"}
    assert TOKEN not in result.stdout
    bare = valid("config", run("config", "--json", env={"HOME": "/nonexistent"}).stdout)
    assert isinstance(bare, dict)
    assert bare["url"] == {"value": None, "source": "not set"}


def test_version(run, api):
    api.on("GET", "/health", refusal(404, "not_found", "no such path"))
    valid("version", run("version", "--json").stdout)
    api.on("GET", "/health", Answer(200, {"version": "9.8.7", "relay_url": api.url.replace("http", "ws")}))
    api.on("GET", "/healthz", Answer(200, {"version": "9.8.6"}))
    shown = valid("version", run("version", "--json").stdout)
    assert isinstance(shown, dict)
    assert shown["server"] == {"version": "9.8.7", "url": api.url, "error": None}
    assert shown["relay"] == {"version": "9.8.6", "url": api.url, "error": None}


def test_cleanup(run, api):
    steps = [{"action": "repair", "subject": "org o1", "why": "it said 3, there are 2"}]
    swept = {"dry_run": False, "deleted_count": 1, "deleted_ids": [WEAVER["id"]], "more": False, "steps": steps}
    api.on("POST", "/api/weavers/cleanup", Answer(200, swept))
    assert valid("cleanup", run("cleanup", "--json").stdout) == swept
