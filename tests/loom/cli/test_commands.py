"""``loom ps``, ``delete`` and errors, as a user's scripts see them."""

import argparse
import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from loom.cli.grammar import Parser
from loom.cli.parser import grammar
from tests.loom.conftest import LOOM
from tests.loom.pseudo_terminal import PseudoTerminal
from tests.loom.stand_in import TOKEN, WEAVER, Answer, refusal


@pytest.fixture
def terminal_with(env):
    """Runs ``loom`` on a terminal of its own, with variables added to its environment."""
    with ExitStack() as terminals:
        yield lambda *arguments, cols=80, **variables: terminals.enter_context(
            PseudoTerminal([*LOOM, *arguments], {**env, **variables}, cols=cols)
        )


def test_ps_in_a_pipe_is_tab_separated(run):
    columns = "a1b2c3d4|otter|pending|example.org/o/r@main|2026-01-01T10:00:00Z|2999-01-01T00:00:00Z|team:core"
    assert run("ps").stdout == columns.replace("|", "\t") + "\n"


def test_ps_on_a_terminal_is_a_table_that_fits(terminal_with, api):
    failing = {**WEAVER, "name": None, "reason": "ImagePullBackOff", "expires_at": "not a time"}
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [WEAVER, failing], "next_cursor": None}))
    loom = terminal_with("ps", cols=70, NO_COLOR="1")
    assert loom.ends() == 0
    header, first, second = loom.rest().splitlines()
    assert header.split()[:4] == ["ID", "NAME", "STATUS", "REPO"]
    assert first.index("pending") == second.index("pending (ImagePullBackOff)") == header.index("STATUS")
    assert {len(header), len(first), len(second)} <= set(range(71))
    assert first.endswith("…")


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("running", "\x1b[32mrunning\x1b[0m"),
        ("pending", "\x1b[33mpending\x1b[0m"),
        ("failed", "\x1b[31mfailed\x1b[0m"),
        ("terminating", "\x1b[2mterminating\x1b[0m"),
        ("another", "another"),
    ],
)
def test_the_status_has_a_colour_on_a_terminal_and_only_it(terminal_with, run, api, status, shown):
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [{**WEAVER, "status": status}], "next_cursor": None}))
    loom = terminal_with("ps", cols=200)
    assert loom.ends() == 0
    header, row = loom.rest().splitlines()
    assert "\x1b" not in header
    assert row.partition("example.org")[0] == f"a1b2c3d4  otter  {shown}".ljust(row.index("example.org"))
    assert row.count("\x1b") == shown.count("\x1b")
    assert "\x1b" not in run("ps").stdout


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(terminal_with, variables):
    loom = terminal_with("ps", **variables)
    assert loom.ends() == 0
    assert "\x1b" not in loom.rest()


def test_a_colour_ends_where_the_line_is_cut(terminal_with):
    loom = terminal_with("ps", cols=20)
    assert loom.ends() == 0
    assert loom.rest().splitlines()[1] == "a1b2c3d4  otter  \x1b[33mpe…\x1b[0m"


def test_ps_tells_times_relative_on_a_terminal(on_terminal):
    loom = on_terminal("ps", cols=200)
    assert loom.ends() == 0
    assert " ago  " in loom.rest()
    assert "  in " in loom.rest()


def test_ps_without_weavers_says_how_to_make_one(on_terminal, run, api):
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [], "next_cursor": None}))
    loom = on_terminal("ps")
    assert loom.ends() == 0
    assert loom.rest() == "loom: no weavers; make one with: loom new\r\n"
    assert run("ps").stdout == ""
    assert json.loads(run("ps", "--json").stdout) == []


def test_ps_follows_the_pages(run, api):
    other = {**WEAVER, "id": "other", "short_id": "ffffffff"}
    api.on(
        "GET",
        "/api/weavers",
        Answer(200, {"weavers": [WEAVER], "next_cursor": "a b&c"}),
        Answer(200, {"weavers": [other], "next_cursor": None}),
    )
    assert json.loads(run("ps", "--json").stdout) == [WEAVER, other]
    assert api.asked[1].path == "/api/weavers?cursor=a+b%26c"


def test_ps_filters_are_the_apis(run, api):
    assert run("ps", "-q", "--org", "o1", "--owner", "u1", "--status", "running", "--tag", "a=b").stdout == "a1b2c3d4\n"
    assert api.asked[0].path == "/api/weavers?org=o1&owner=u1&status=running&tag=a%3Ab"


def test_ps_all_asks_for_the_ended_ones_too(run, api):
    assert run("weaver", "ps", "--all", "-q").stdout == "a1b2c3d4\n"
    assert [asked.path for asked in api.asked] == ["/api/weavers", "/api/weavers?ended=true"]


def test_ps_all_tells_how_and_when_they_ended(terminal_with, run, api):
    gone = {**WEAVER, "status": "failed", "reason": "OOMKilled", "ended_at": "2026-01-01T11:00:00Z"}
    api.on("GET", "/api/weavers", Answer(200, {"weavers": [gone], "next_cursor": None}))
    assert run("ps", "--all").stdout.split("\t")[2:6:3] == ["failed (OOMKilled)", "2026-01-01T11:00:00Z"]
    loom = terminal_with("ps", "--all", cols=120, NO_COLOR="1")
    assert loom.ends() == 0
    header, row = loom.rest().splitlines()
    assert row[header.index("STATUS") :].startswith("failed (OOMKilled)  ")
    assert row[header.index("END") :].split("  ")[0].endswith(" ago")


@pytest.mark.parametrize("command", ["delete", "rm"])
def test_delete_does_what_can_be_done_and_tells_the_rest(run, api, command):
    result = run(command, "otter", "unknown", "a1b2c3d4")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "loom: deleted otter",
        "loom: unknown: no weaver of that name; list yours with: loom ps",
        "loom: deleted a1b2c3d4",
    ]


@pytest.mark.parametrize("reference", ["", "..", "a/b", "-x", "a b", "ä"])
def test_what_can_be_no_reference_never_reaches_the_api(run, api, reference):
    assert run("delete", "otter", reference).returncode == 1
    assert api.asked == []


def test_a_name_that_looks_alike_is_offered(run, api, on_terminal):
    named = [{**WEAVER, "name": name, "short_id": f"{number}" * 8} for number, name in enumerate(("otter", "other"))]
    api.on("GET", "/api/weavers", Answer(200, {"weavers": named, "next_cursor": None}))
    told = "no weaver of that name; did you mean otter or other?"
    assert run("delete", "otherr").stderr == f"loom: otherr: {told.replace('otter or other', 'other or otter')}\n"
    loom = on_terminal("attach", "ottre")
    assert loom.ends() == 1
    assert loom.rest() == f"loom: {told}\r\n"


def test_an_answer_comes_also_when_no_name_can_be_offered(run, api):
    api.on("GET", "/api/weavers", refusal(502, "k8s_error", "the cluster refused"))
    result = run("delete", "otterr")
    assert (result.returncode, result.stderr) == (1, "loom: otterr: no weaver of that name\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("new --brnach x", "there is no option --brnach; did you mean --branch? see: loom new --help"),
        ("new --brnach=x", "there is no option --brnach; did you mean --branch? see: loom new --help"),
        ("weaver new --nmae x", "there is no option --nmae; did you mean --name? see: loom weaver new --help"),
        ("ps --jsno", "there is no option --jsno; did you mean --json? see: loom ps --help"),
        ("ps --xyzzy", "there is no option --xyzzy; see: loom ps --help"),
        ("--ulr x ps", "there is no option --ulr; did you mean --url? see: loom --help"),
        ("ps --contxt x", "there is no option --contxt; did you mean --context? see: loom ps --help"),
        ("pss", "there is no command 'pss'; did you mean ps? see: loom --help"),
        ("weaver attahc x", "there is no command 'attahc'; did you mean attach? see: loom weaver --help"),
        ("config ues x", "there is no command 'ues'; did you mean use? see: loom config --help"),
        ("new alpine", "nothing is expected at 'alpine'; see: loom new --help"),
        ("new --repo", "argument --repo: expected one argument; see: loom new --help"),
        ("delete", "the following arguments are required: REF; see: loom delete --help"),
    ],
)
def test_what_was_meant_is_said(run, arguments, told):
    result = run(*arguments.split())
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"loom: {told}\n")


def test_every_command_shows_examples(run):
    def examples(path: list[str], parser: argparse.ArgumentParser) -> None:
        assert isinstance(parser, Parser)
        assert "examples:\n  " in (parser.epilog or ""), path
        assert "loom" in (parser.epilog or ""), path
        for name, command in parser.commands().items():
            examples([*path, name], command)

    examples([], grammar())
    assert "loom delete otter a1b2c3d4\n" in run("delete", "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["new", "--ttl", "soon"],
        ["new", "--ttl", "-1"],
        ["new", "--env", "NOT_SET"],
        ["new", "--tag", "x"],
        ["new", "alpine"],
        ["delete"],
        ["ps", "--", "x"],
    ],
)
def test_bad_usage_is_one_line_and_exit_code_1(run, api, arguments):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("loom: ")
    assert result.stderr.count("\n") == 1
    assert api.asked == []


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (refusal(401, "unauthorized", "it is not known"), 2, "refused the token: it is not known; see: loom config"),
        (refusal(403, "forbidden", "not yours\x1b[2J"), 1, "not yours[2J"),
        (refusal(502, "k8s_error", "the cluster refused"), 2, "the cluster refused"),
        (Answer(502, b"<html>Bad Gateway"), 2, "answered 502 Bad Gateway, and not as a Loom API would"),
        (Answer(200, b"<html>Welcome"), 2, "answered 200 OK, and not as a Loom API would"),
        (Answer(200, {"items": []}), 2, "the API's list of weavers is none"),
        (Answer(0), 2, "it closed the connection without an answer"),
    ],
)
def test_what_the_api_may_answer(run, api, answer, code, text):
    api.on("GET", "/api/weavers", answer)
    result = run("ps")
    assert result.returncode == code
    assert text in result.stderr
    assert result.stderr.count("\n") == 1
    assert TOKEN not in result.stdout + result.stderr


def test_a_busy_store_is_asked_again(run, api):
    busy = refusal(503, "retry_later", "the store is busy")
    page = Answer(200, {"weavers": [], "next_cursor": None})
    api.on("GET", "/api/weavers", busy, busy, page)
    assert run("ps").returncode == 0
    api.on("GET", "/api/weavers", busy)
    result = run("ps")
    assert (result.returncode, result.stderr) == (2, "loom: the store is busy\n")


def test_a_wait_for_the_api_says_so(env, api):
    api.open.clear()
    with subprocess.Popen(
        [*LOOM, "ps", "-q"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as loom:
        assert loom.stderr is not None
        assert loom.stderr.readline() == f"loom: waiting for the API at {api.url}\n"
        api.open.set()
        assert loom.communicate(timeout=30) == ("a1b2c3d4\n", "")


def test_an_api_that_is_not_there(run, env):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run("ps", env={**env, "LOOM_URL": url})
    assert (result.returncode, result.stderr) == (2, f"loom: the API at {url} cannot be reached: Connection refused\n")


def test_flags_come_before_the_environment_before_the_file(run, api, env, tmp_path):
    def token_used(*arguments: str, env: dict[str, str]) -> str:
        result = run("ps", *arguments, env=env)
        assert result.returncode == 0, result.stderr
        authorization: str = api.asked[-1].headers["Authorization"]
        return authorization.removeprefix("Bearer ")

    bare = {name: value for name, value in env.items() if not name.startswith("LOOM_")}
    file = tmp_path / ".config" / "loom" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'url = "{api.url}/"\ntoken = "of-the-file"\n')
    other = tmp_path / "other.toml"
    other.write_text(f'url = "{api.url}"\ntoken = "of-the-other-file"\n')

    assert token_used(env=bare) == "of-the-file"
    assert token_used(env={**bare, "LOOM_CONFIG": str(other)}) == "of-the-other-file"
    assert token_used(env={**bare, "LOOM_TOKEN": "of-the-environment"}) == "of-the-environment"
    assert token_used("--token", "of-the-flag", env={**bare, "LOOM_TOKEN": "of-the-environment"}) == "of-the-flag"
    result = run("--url", "http://127.0.0.1:1", "ps", env=bare)
    assert "http://127.0.0.1:1" in result.stderr


@pytest.mark.parametrize(
    ("variables", "via"),
    [
        ({}, "CLI"),
        ({"CI": "true"}, "CI"),
        ({"CI": "True"}, "CI"),
        ({"CI": "1"}, "CI"),
        ({"CI": "false"}, "CLI"),
        ({"CI": ""}, "CLI"),
    ],
)
def test_every_request_tells_what_it_comes_through(run, api, env, variables, via):
    for command in (["ps"], ["delete", "--json", "otter"], ["new", "--no-attach"], ["describe", "ottre"]):
        run(*command, env={**env, **variables})
    assert len(api.asked) >= 6
    assert {asked.headers["Loom-Via"] for asked in api.asked} == {via}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "which API? Give --url, set LOOM_URL or write url"),
        ('url = "http://127.0.0.1:1"', "no token: give --token, set LOOM_TOKEN or write token"),
        ("token = secret\n", "is not TOML: see line 1, column 9"),
        ("token = 7\n", "token must be a string in quotes"),
        ('url = "ftp://x"\ntoken = "secret"', "'ftp://x' is not a URL such as"),
        ('url = "http://secret@x"\ntoken = "secret"', "the URL must not carry credentials"),
        ('url = "http://x"\ntoken = "secret\\ntwo"', "the token has characters that no token has"),
    ],
)
def test_configuration_that_is_missing_or_wrong(run, env, tmp_path, content, text):
    file: Path = tmp_path / "config.toml"
    if content is not None:
        file.write_text(content)
    bare = {name: value for name, value in env.items() if not name.startswith("LOOM_")}
    result = run("ps", env={**bare, "LOOM_CONFIG": str(file)})
    assert result.returncode == 1
    assert text in result.stderr
    assert "secret" not in result.stderr


def test_a_reader_that_goes_away_is_no_error(env, api):
    page = {"weavers": [{**WEAVER, "id": f"{number}-a1b2c3d4"} for number in range(20_000)], "next_cursor": None}
    api.on("GET", "/api/weavers", Answer(200, page))
    with subprocess.Popen([*LOOM, "ps"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


def test_help_imports_neither_http_nor_websockets(env):

    code = "import sys, loom.cli.parser as p\ntry: p.parse(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
    assert not {"http.client", "ssl", "websockets", "asyncio", "pathlib", "dataclasses"} & set(done.stdout.split())


def test_a_list_imports_no_more_than_it_needs(env):
    """Its budget is twice kubectl's time (DESIGN §9); each of these costs a tenth of it or more."""
    code = "import sys; from loom.cli.main import main; main(['ps']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("a1b2c3d4")
    imported = set(done.stderr.split())
    assert "http.client" in imported
    assert not {"dataclasses", "websockets", "asyncio", "pathlib", "shutil", "tomllib", "loom.wire"} & imported


def test_an_attach_imports_no_more_than_it_needs(env):
    """From its start to a painted screen it may take as long as one exec with kubectl (DESIGN §9)."""
    code = "import sys, loom.cli.attached; loom.cli.attached.InPlace.on_stderr(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
    imported = set(done.stdout.split())
    assert "websockets" in imported
    assert not {"importlib.metadata", "zipfile", "shutil", "asyncio"} & imported
