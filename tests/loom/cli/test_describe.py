"""``loom describe``: every line, on a terminal and in a pipe."""

import json
import re
from collections.abc import Mapping

import pytest

from tests.loom.stand_in import WEAVER, Answer, Api, refusal

FAILING = {
    **WEAVER,
    "reason": "ImagePullBackOff",
    "message": 'Back-off pulling image "x"\x1b[2J',
    "tags": {"team": "core", "job": "42"},
    "stages": {
        "ready": "2026-11-23T10:00:03.500Z",
        "reserved": "2026-11-23T10:00:00.000Z",
        "scheduled": "2026-11-23T10:00:01Z",
    },
}
NAMES = """name|id|short id|status|reason|message|stages|image|repo|branch|tags|owner|org|cluster|pod|created|ends
lifetime|memory limit|cpu limit|loom session""".replace("\n", "|").split("|")


@pytest.mark.parametrize("group", [(), ("weaver",)], ids=["loom", "loom weaver"])
def test_in_a_pipe_every_line_is_a_name_a_tab_and_a_value(run, api, group):
    api.on("GET", "/api/weaver/otter", Answer(200, FAILING))
    result = run(*group, "describe", "otter")
    assert (result.returncode, result.stderr) == (0, "")
    told = dict(line.split("\t") for line in result.stdout.splitlines())
    assert [*told] == NAMES
    assert (told["id"], told["status"], told["reason"]) == (WEAVER["id"], "pending", "ImagePullBackOff")
    assert told["message"] == 'Back-off pulling image "x"[2J'
    assert told["stages"] == "reserved · scheduled 1.0s · ready 2.5s"
    assert (told["tags"], told["owner"], told["org"]) == ("team:core job:42", "u1", "o1")
    assert (told["created"], told["ends"]) == (WEAVER["created_at"], WEAVER["expires_at"])
    assert (told["lifetime"], told["memory limit"], told["cpu limit"]) == ("4h", "16Gi", "none")


def test_on_a_terminal_values_are_aligned_and_times_told_from_now(on_terminal, api):
    api.on("GET", "/api/weaver/otter", Answer(200, FAILING))
    loom = on_terminal("describe", "otter", cols=200)
    assert loom.ends() == 0
    lines = loom.rest().splitlines()
    assert [line[: len("memory limit")].rstrip() for line in lines] == NAMES
    assert all(line[12:14] == "  " and line[14] != " " for line in lines)
    assert re.fullmatch(r"created +2026-01-01T10:00:00Z \(.+ ago\)", lines[NAMES.index("created")])
    assert re.fullmatch(r"ends +2999-01-01T00:00:00Z \(in .+\)", lines[NAMES.index("ends")])


def test_a_weaver_is_reserved_first_though_kubernetes_tells_whole_seconds(run, api):
    stages = {
        "reserved": "2026-11-23T10:00:00.400Z",
        "scheduled": "2026-11-23T10:00:00Z",
        "ready": "2026-11-23T10:00:02Z",
    }
    api.on("GET", "/api/weaver/otter", Answer(200, {**WEAVER, "stages": stages}))
    assert "\nstages\treserved · scheduled 0.0s · ready 2.0s\n" in run("describe", "otter").stdout


def test_what_a_weaver_does_not_have_is_left_out(run, api):
    bare = {**WEAVER, "name": None, "repo": None, "branch": None, "tags": {}, "stages": {}}
    api.on("GET", "/api/weaver/a1b2c3d4", Answer(200, bare))
    told = [line.partition("\t")[0] for line in run("describe", "a1b2c3d4").stdout.splitlines()]
    assert told == [
        name for name in NAMES if name not in {"name", "reason", "message", "stages", "repo", "branch", "tags"}
    ]


def test_one_that_has_ended_tells_when_and_why(run, api):
    gone = {
        **WEAVER,
        "status": "succeeded",
        "reason": "Deleted",
        "message": "deleted by u2",
        "ended_at": "2026-01-01T11:00:00Z",
    }
    api.on("GET", f"/api/weaver/{WEAVER['id']}", Answer(200, gone))
    told = dict(line.split("\t") for line in run("describe", WEAVER["id"]).stdout.splitlines())
    assert (told["reason"], told["message"], told["ended"]) == ("Deleted", "deleted by u2", "2026-01-01T11:00:00Z")
    assert "ends" not in told


def test_who_or_what_ended_it_is_told(run, api):
    for by, via, told in [
        ("dev", "CLI", "dev via CLI"),
        (None, "sweep", "the sweep"),
        (None, "cluster", "the cluster"),
    ]:
        ending = {"by": by, "via": via, "at": "2026-01-01T10:30:00Z"}
        api.on("GET", "/api/weaver/otter", Answer(200, {**WEAVER, "status": "terminating", "ending": ending}))
        assert f"\nended by\t{told}\nends\t" in run("describe", "otter").stdout


def ended_ones(api: Api, page: Mapping[str, object]) -> None:
    api.on("GET", "/api/weavers?ended=true", Answer(200, page))


GONE = {**WEAVER, "name": "heron", "short_id": "0badcafe", "status": "succeeded", "ended_at": "2026-01-01T11:00:00Z"}
OLDER = {**GONE, "id": "019a0000-0000-7000-8000-0000ffffffff", "short_id": "ffffffff"}


@pytest.mark.parametrize(
    ("reference", "found"), [("heron", GONE), ("0badcafe", GONE), ("ffffffff", OLDER), ("her", GONE), ("ff", OLDER)]
)
def test_the_newest_that_was_called_so_is_told_where_none_lives(run, api, reference, found):
    first = {"weavers": [GONE], "next_cursor": "more"}
    ended_ones(api, first)
    api.on("GET", "/api/weavers?ended=true&cursor=more", Answer(200, {"weavers": [OLDER], "next_cursor": None}))
    result = run("describe", reference)
    assert f"id\t{found['id']}\n" in result.stdout
    told = f"loom: {reference} is no more; this is the newest of yours that was called so: {found['id']}\n"
    assert (result.returncode, result.stderr) == (0, told)
    assert json.loads(run("describe", "--json", reference).stdout) == found


def test_the_living_go_before_and_strangers_are_not_found(run, api):
    ended_ones(api, {"weavers": [{**GONE, "name": "otter"}], "next_cursor": None})
    assert f"id\t{WEAVER['id']}\n" in run("describe", "otter").stdout
    result = run("describe", "heron")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "loom: no weaver of that name; list yours with: loom ps\n"


def test_other_commands_say_where_to_look(run, api):
    ended_ones(api, {"weavers": [GONE], "next_cursor": None})
    for command in (["extend", "heron", "2h"], ["delete", "heron"]):
        assert run(*command).stderr.endswith("no weaver of that name; it has ended: loom describe heron\n")


def test_refusals(run, api):
    result = run("describe", "ottre")
    assert (result.returncode, result.stderr) == (1, "loom: no weaver of that name; did you mean otter?\n")
    api.on("GET", "/api/weaver/otter", refusal(502, "k8s_error", "the cluster refused"))
    result = run("describe", "otter")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "loom: the cluster refused\n")
    assert run("describe", "a/b").returncode == 1
