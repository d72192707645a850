"""A command, option, setting, error code, endpoint, field or decision that no page tells of fails here."""

import re

import pytest

from loom.cli.schemas import SCHEMAS
from scripts.docs.pages import FOLDER, filled
from tests.docs import inventory


def page(name: str) -> str:
    return filled((FOLDER / name).read_text(), name)


def missing(names: set[str], text: str) -> set[str]:
    """Those that the text does not have as code: between backticks, alone or beside others."""
    code = " ".join(re.findall(r"`([^`\n]+)`", text))
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w/-])", code)}


def section(path: str, text: str) -> str:
    match = re.search(rf"^## {re.escape(path)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


COMMANDS = [(path, options) for path, options in inventory.commands() if path != "loom"]


@pytest.mark.parametrize(("path", "options"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_commands_and_their_options(path: str, options: set[str]):
    text = page("cli.md")
    if told := section(path, text):
        assert not missing(options, told)
    else:  # another name of a command that has a section
        assert not missing({path}, text)


def test_options_of_every_command():
    _, options = next(inventory.commands())
    assert {"--url", "--token"} <= options
    assert not missing(options, section("Options of every command", page("cli.md")))


def test_json_output():
    text = page("json.md")
    printing = {path for path, options in COMMANDS if "--json" in options and "loom weaver" not in path}
    assert {f"loom {name}" for name in SCHEMAS} >= printing - {"loom rm"}
    for name, schema in SCHEMAS.items():
        told = section(f"loom {name} --json", text)
        assert told
        assert not missing(set(schema.get("properties", ())), told)


def test_settings():
    names = inventory.settings()
    assert {"LOOM_URL", "LOOM_TABLE", "LOOM_RELAY_LISTEN", "LOOM_WEAVER_ID"} <= names
    assert not missing(names, page("configuration.md"))


def test_error_codes():
    codes = inventory.error_codes()
    assert {"invalid_lifetime", "unsupported_media_type", "draining", "upgrade_required"} <= codes
    assert not missing(codes, page("http-api.md"))


def test_metrics():
    assert len(inventory.metrics()) > 10
    assert missing(inventory.metrics(), page("operations.md")) == set()


def test_endpoints():
    endpoints = inventory.endpoints()
    assert {"POST /api/weaver", "GET /readyz"} <= endpoints
    assert not missing(endpoints, page("http-api.md"))


def test_fields_and_parameters():
    names = inventory.create_fields() | inventory.parameters()
    assert {"lifetime_hours", "cursor", "refresh"} <= names
    assert not missing(names, page("http-api.md"))


def test_the_terminal_protocol():
    names = inventory.protocol()
    assert {"resize", "ack", "viewers", "drain"} <= names
    assert not missing(names, page("protocol.md"))


def test_decisions():
    records = {path.name for path in (FOLDER / "adr").glob("*.md")}
    assert records
    assert {name for name in records if f"(adr/{name})" not in page("decisions.md")} == set()


def test_what_is_not_told_is_found_missing():
    assert missing(
        {"--json", "LOOM_TOKEN", "GET /health"}, "`-x, --json-lines` LOOM_TOKEN `LOOM_TOKENS` `GET /healthz`"
    ) == {
        "--json",
        "LOOM_TOKEN",
        "GET /health",
    }
    assert section("loom pss", page("cli.md")) == ""
