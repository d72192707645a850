"""What the command line says of a real API and relay: versions, JSON as promised, names that are offered, a wrong name."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from loom import __version__
from loom.cli.schemas import SCHEMAS
from tests.e2e.conftest import Edition
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")


def valid(command: str, text: str) -> object:
    Draft202012Validator(SCHEMAS[command], format_checker=FormatChecker()).validate(printed := json.loads(text))
    return printed


def test_json_is_as_promised(edition: Edition):
    made = valid("new", edition.loom("new", "--json", "--no-attach", "--tag", "a:b", "--repo", edition.repo).stdout)
    assert isinstance(made, dict)
    assert valid("ps", edition.loom("ps", "--json", "--all").stdout)
    gone = valid("delete", edition.loom("delete", "--json", made["short_id"], "nowhere").stdout)
    assert isinstance(gone, dict)
    assert gone["deleted"] == [made["id"]]
    assert [failed["code"] for failed in gone["failed"]] == ["weaver_not_found"]
    assert valid("config", edition.loom("config", "--json").stdout)


def test_all_parts_tell_their_version(edition: Edition):
    done = edition.loom("version", "--json")
    assert done.returncode == 0, done.stderr
    parts = valid("version", done.stdout)
    assert isinstance(parts, dict)
    assert {name: part["version"] for name, part in parts.items()} == dict.fromkeys(parts, __version__)
    assert parts["server"]["url"] == edition.login["url"]
    assert parts["relay"]["url"] == edition.relay_url


def test_living_weavers_are_offered_and_a_wrong_name_is_mended(edition: Edition):
    made = json.loads(edition.loom("new", "--name", "mannered", "--no-attach", "--json").stdout)
    until(lambda: offered(edition, "mann").startswith("mannered\t"))
    until(lambda: offered(edition, made["short_id"][:4]).startswith(made["short_id"]))
    done = edition.loom("delete", "manered")
    assert (done.returncode, done.stderr) == (1, "loom: manered: no weaver 'manered'; did you mean mannered?\n")
    assert edition.loom("delete", "mannered").returncode == 0


def offered(edition: Edition, word: str) -> str:
    """Nothing also when this machine is too busy for a Tab's one second."""
    return edition.loom("__complete", "words", "attach", word).stdout
