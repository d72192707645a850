import subprocess
from contextlib import suppress
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.create_request import CreateRequest, parse_create_request
from chalicelib.domain.errors import InvalidLifetime, InvalidRequest
from chalicelib.domain.pod_spec import repo_directory

REPO = "https://git.example/o/r"
SECRET = "s3cret-value"


def refused(body: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as error:
        parse_create_request(body)
    return error.value


def test_nothing_is_required():
    request = parse_create_request({})
    assert request == CreateRequest()
    assert (request.image, request.lifetime_hours, request.resources.memory_limit) == (None, 4.0, "16Gi")


def test_everything_can_be_said():
    body = {
        "image": "registry.example:5000/team/tools@sha256:" + "0" * 64,
        "org_id": "org-1",
        "cluster": "eu-2",
        "repo": REPO + ".git",
        "branch": "feature/ünï-1.2",
        "env": {"PATH_2": "a b\n$(c) é", "_x": ""},
        "tags": {"team/sub.x_y-z": "any text, ünïcode", "a": ""},
        "name": "api-2",
        "lifetime_hours": 0.25,
        "command": ["bash", "-c", "echo $HOME\nls", ""],
        "args": ["--flag"],
        "workdir": "/workspace/r/sub dir",
        "resources": {"memory_limit": "2Gi", "cpu_limit": "1.5"},
        "attach": "driver",
    }
    assert parse_create_request(body).model_dump() == body


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("image", {"image": ""}),
        ("image", {"image": "two words"}),
        ("image", {"image": "-rf"}),
        ("image", {"image": "x" * 513}),
        ("image", {"image": "a\x1b[31m"}),
        ("image", {"image": "a\x9b31m"}),
        ("image", {"image": 1}),
        ("org_id", {"org_id": ""}),
        ("repo", {"repo": ""}),
        ("repo", {"repo": "git@git.example:o/r"}),
        ("repo", {"repo": "ssh://git.example/o/r"}),
        ("repo", {"repo": "file:///etc"}),
        ("repo", {"repo": "ext::sh -c id"}),
        ("repo", {"repo": "http://git.example/o/r"}),
        ("repo", {"repo": "HTTP://git.example/o/r"}),
        ("repo", {"repo": "--upload-pack=x"}),
        ("repo", {"repo": " https://git.example/o/r"}),
        ("repo", {"repo": "https://git.example/o/r\nx"}),
        ("repo", {"repo": "https://git.example/o/\x9br"}),
        ("repo", {"repo": "https:///o/r"}),
        ("repo", {"repo": "https://git.example"}),
        ("repo", {"repo": "https://git.example/"}),
        ("repo", {"repo": "https://git.example/o/.."}),
        ("repo", {"repo": "https://git.example/o/.git"}),
        ("repo", {"repo": "https://git.example:99999/o/r"}),
        ("repo", {"repo": "https://git.example:0/o/r"}),
        ("repo", {"repo": "https://[::1/o/r"}),
        ("repo", {"repo": f"https://{SECRET}@git.example/o/r"}),
        ("repo", {"repo": f"https://user:{SECRET}@git.example/o/r"}),
        ("repo", {"repo": f"https://user:{SECRET}@git\u2100.example/o/r"}),
        ("repo", {"repo": f"https://git.example/o/r?private_token={SECRET}"}),
        ("repo", {"repo": f"https://git.example/o/r#{SECRET}"}),
        ("repo", {"repo": "https://git.example/" + "x" * 2040}),
        ("branch", {"repo": REPO, "branch": "-x"}),
        ("branch", {"repo": REPO, "branch": "--upload-pack=x"}),
        ("branch", {"repo": REPO, "branch": "a b"}),
        ("branch", {"repo": REPO, "branch": "a..b"}),
        ("branch", {"repo": REPO, "branch": "a/.b"}),
        ("branch", {"repo": REPO, "branch": "@"}),
        ("branch", {"repo": REPO, "branch": "a.lock/b"}),
        ("branch", {"repo": REPO, "branch": "x" * 251}),
        ("branch", {"repo": REPO, "branch": "a\x00"}),
        ("branch", {"branch": "main"}),
        ("env", {"env": {"1A": "x"}}),
        ("env", {"env": {"A-B": "x"}}),
        ("env", {"env": {"A=B": "x"}}),
        ("env", {"env": {"Ä": "x"}}),
        ("env", {"env": {"A\n": "x"}}),
        ("env", {"env": {"LOOM_X": "x"}}),
        ("env", {"env": {"loom_x": "x"}}),
        ("env", {"env": {"LOOM_WEAVER_ID": "x"}}),
        ("env.A", {"env": {"A": f"{SECRET}\0"}}),
        ("env.A", {"env": {"A": 1}}),
        ("env.A", {"env": {"A": None}}),
        ("env.A", {"env": {"A": SECRET + "x" * 16_384}}),
        ("env", {"env": {f"A{n}": SECRET + "x" * 16_000 for n in range(5)}}),
        ("env", {"env": {f"A{n}": "" for n in range(101)}}),
        ("env", {"env": [SECRET]}),
        ("tags", {"tags": {"two words": "x"}}),
        ("tags", {"tags": {"-a": "x"}}),
        ("tags", {"tags": {"k" * 64: "x"}}),
        ("tags", {"tags": {"a": "x" * 257}}),
        ("tags", {"tags": {"a": "x\x1b[2J"}}),
        ("tags.a", {"tags": {"a": 1}}),
        ("tags", {"tags": {f"a{n}": "" for n in range(33)}}),
        ("name", {"name": ""}),
        ("name", {"name": "Api"}),
        ("name", {"name": "1api"}),
        ("name", {"name": "api-"}),
        ("name", {"name": "api\n"}),
        ("name", {"name": "x" * 41}),
        ("name", {"name": "deadbeef"}),
        ("name", {"name": "a-b"}),
        ("command", {"command": "ls"}),
        ("command.1", {"command": ["ls", 1]}),
        ("command.0", {"command": ["a\0"]}),
        ("command", {"command": ["x"] * 257}),
        ("command", {"command": ["x" * 16_384] * 5}),
        ("args", {"args": ["é" * 16_000] * 3}),
        ("workdir", {"workdir": "src"}),
        ("workdir", {"workdir": ""}),
        ("workdir", {"workdir": "/a\nb"}),
        ("resources.memory_limit", {"resources": {"memory_limit": "1"}}),
        ("resources.memory_limit", {"resources": {"memory_limit": "2Ti"}}),
        ("resources.memory_limit", {"resources": {"memory_limit": "2GB"}}),
        ("resources.memory_limit", {"resources": {"memory_limit": "٢Gi"}}),
        ("resources.memory_limit", {"resources": {"memory_limit": "-1Gi"}}),
        ("resources.memory_limit", {"resources": {"memory_limit": None}}),
        ("resources.cpu_limit", {"resources": {"cpu_limit": "9m"}}),
        ("resources.cpu_limit", {"resources": {"cpu_limit": "257"}}),
        ("resources.cpu_limit", {"resources": {"cpu_limit": 1}}),
        ("resources.gpu", {"resources": {"gpu": "1"}}),
        ("attach", {"attach": "observer"}),
        ("unknown", {"unknown": SECRET}),
        ("lifetime_hours", {"lifetime_hours": 0}),
        ("lifetime_hours", {"lifetime_hours": -1}),
        ("lifetime_hours", {"lifetime_hours": 48.001}),
        ("lifetime_hours", {"lifetime_hours": float("nan")}),
        ("lifetime_hours", {"lifetime_hours": float("inf")}),
        ("lifetime_hours", {"lifetime_hours": 10**400}),
        ("lifetime_hours", {"lifetime_hours": "four"}),
        ("lifetime_hours", {"lifetime_hours": None}),
        ("lifetime_hours", {"lifetime_hours": True}),
    ],
)  # fmt: skip
def test_each_rule_names_its_field_and_repeats_no_value(field, body):
    error = refused(body)
    assert error.details == {"field": field}
    assert field in error.message
    assert SECRET not in error.message
    assert "\n" not in error.message
    assert error.message.isprintable()
    assert isinstance(error, InvalidLifetime) == (field == "lifetime_hours")
    assert error.__cause__ is None


def test_of_several_mistakes_the_first_field_is_told():
    assert refused({"name": "Api", "image": "", "tags": []}).details == {"field": "image"}


def test_http_is_for_where_it_is_allowed():
    assert parse_create_request({"repo": "http://127.0.0.1:8000/o/r"}, allow_http=True).repo
    with pytest.raises(InvalidRequest):
        parse_create_request({"repo": "git://127.0.0.1/o/r"}, allow_http=True)


def test_a_secret_typed_as_a_field_is_not_repeated():
    assert SECRET not in refused({f"{SECRET} = x": 1}).message
    assert SECRET not in refused({"env": {f"{SECRET} x": 1}}).message
    assert SECRET not in refused({"env": {f"TOKEN={SECRET}": "x"}}).message


@pytest.mark.parametrize("field", ["image", "repo", "branch", "env", "tags", "name", "command", "args", "workdir"])
def test_every_text_is_bounded(field):
    huge = "a" * 100_000
    body = {
        "repo": REPO,
        field: {"env": {"A": huge}, "tags": {"a": huge}, "command": [huge], "args": [huge]}.get(field, huge),
    }
    assert refused(body).details["field"].startswith(field)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.sampled_from(
    ["", "a", REPO, "https://u:p@h/x", "https://[", "main", "2Gi", "1e9", "/x", "-", "\x00", "\ud800", "driver", "4"]
)


@given(st.dictionaries(st.sampled_from([*CreateRequest.model_fields, "x"]), JSON | LIKELY) | JSON)
def test_no_json_whatever_raises_anything_else(body):
    with suppress(InvalidRequest):
        assert isinstance(parse_create_request(body), CreateRequest)


@pytest.mark.parametrize("inner", ["env", "tags", "resources"])
@given(data=st.data())
def test_no_object_inside_raises_anything_else(inner, data):
    keys = st.text() | st.sampled_from(["A", "LOOM_A", "memory_limit", "cpu_limit", "\ud800"])
    body = {inner: data.draw(st.dictionaries(keys, JSON | LIKELY, max_size=4))}
    with suppress(InvalidRequest):
        assert isinstance(parse_create_request(body), CreateRequest)


BRANCHES = st.text(st.sampled_from("ab/.-@{}~^:?*[\\ \t\x7flock#é"), min_size=1, max_size=8)


@given(st.lists(BRANCHES | BRANCHES.map(lambda text: text + ".lock"), min_size=1, max_size=30))
def test_a_branch_that_passes_is_one_that_git_allows(branches):
    for branch in branches:
        try:
            parse_create_request({"repo": REPO, "branch": branch})
        except InvalidRequest:
            continue
        assert subprocess.run(["git", "check-ref-format", f"refs/heads/{branch}"], check=False).returncode == 0, branch


@given(st.lists(st.sampled_from("abr.%/-_"), min_size=1, max_size=12).map("".join))
def test_the_folder_of_a_clone_stays_in_the_workspace(path):
    try:
        request = parse_create_request({"repo": f"https://git.example/{path}"})
    except InvalidRequest:
        return
    directory = repo_directory(request.repo or "")
    assert directory not in ("", ".", "..")
    assert "/" not in directory


def test_the_longest_that_passes():
    assert parse_create_request({"name": "x" * 40, "image": "i" * 512, "tags": {"k" * 63: "v" * 256}})
    assert parse_create_request({"env": dict(zip((f"A{n}" for n in range(100)), repeat("v" * 600), strict=False))})
    assert parse_create_request({"args": ["x" * 16_384] * 4})
