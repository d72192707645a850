"""``loom new``: what it asks for, what it shows while the weaver starts, what it leaves."""

import json
import subprocess
import threading

import pytest

from loom.wire import Exit, Stage, Status
from tests.loom.conftest import LOOM
from tests.loom.stand_in import TICKET, WEAVER, Answer, Session, refusal

AT = "2026-11-23T10:00:01Z"


def test_every_option_reaches_the_api(run, api, env):
    arguments = [
        "-i",
        "example.org/i:1",
        "--org",
        "o1",
        "--cluster",
        "eu",
        "--repo",
        "https://example.org/o/r",
        "--branch",
        "dev",
        "-e",
        "A=1",
        "--env",
        "SECRET",
        "--ttl",
        "30m",
        "--name",
        "otter",
        "--tag",
        "team:core",
        "--tag",
        "size=big:xl",
        "--cpu",
        "2",
        "--memory",
        "4Gi",
        "--workdir",
        "/srv",
        "--no-attach",
        "--",
        "sh",
        "-c",
    ]
    result = run("new", *arguments, "echo -- $HOME", env={**env, "SECRET": "s3cret"})
    assert (result.returncode, result.stdout, result.stderr) == (0, "a1b2c3d4\n", "")
    (asked,) = api.asked
    assert asked.body == {
        "image": "example.org/i:1",
        "org_id": "o1",
        "cluster": "eu",
        "repo": "https://example.org/o/r",
        "branch": "dev",
        "env": {"A": "1", "SECRET": "s3cret"},
        "lifetime_hours": 0.5,
        "name": "otter",
        "tags": {"team": "core", "size": "big:xl"},
        "resources": {"cpu_limit": "2", "memory_limit": "4Gi"},
        "workdir": "/srv",
        "command": ["sh", "-c", "echo -- $HOME"],
    }


def test_nothing_is_sent_that_was_not_given(run, api):
    assert run("weaver", "new", "--no-attach").returncode == 0
    assert api.asked[0].body == {}


def test_json_is_the_weaver_without_its_ticket(run):
    result = run("new", "--no-attach", "--json")
    assert json.loads(result.stdout) == WEAVER
    assert TICKET not in result.stdout + result.stderr


def test_a_lost_answer_is_asked_for_again_with_the_same_key(run, api):
    api.on("POST", "/api/weaver", Answer(0), Answer(201, WEAVER))
    assert run("new", "--no-attach").stdout == "a1b2c3d4\n"
    keys = {asked.headers["Idempotency-Key"] for asked in api.asked}
    assert len(api.asked) == 2
    assert len(keys) == 1


def test_a_refusal_is_told_in_one_line(run, api):
    api.on("POST", "/api/weaver", refusal(429, "too_many_weavers", "you have 3 of 3 weavers", usage=3, limit=3))
    result = run("new")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "loom: you have 3 of 3 weavers\n")


def starting(session: Session) -> None:
    """A weaver that starts with a clone, up to the prompt."""
    scheduled, pulled, cloned = Stage("scheduled", AT), Stage("pulled", AT), Stage("cloned", AT)
    session.say(
        Status("pending", "driver", reason="Scheduling", message="waiting for a node"),
        Status("pending", "driver", stages=(scheduled,), reason="Pulling", message="pulling the image"),
        Status("pending", "driver", stages=(scheduled, pulled), reason="Cloning", message="Receiving objects: 45%"),
        Status("pending", "driver", stages=(scheduled, pulled, cloned), reason="PodInitializing"),
        Status("running", "driver", stages=(scheduled, pulled, cloned, Stage("ready", AT))),
    )


def test_on_a_terminal_it_shows_the_stages_and_attaches(api, relay, on_terminal):
    def script(session):
        starting(session)
        session.say(b"$ ")
        session.until_typed(b"exit\r")
        session.say(Exit("detached"))

    relay.script = script
    loom = on_terminal("new", "--name", "otter")
    loom.expect("weaver otter (a1b2c3d4)")
    loom.expect("Cloning 0s: Receiving objects: 45%")
    shown = loom.expect("$ ")
    line = shown.rpartition("\r\x1b[K")[2]
    for stage in ("scheduled", "pulled", "cloned", "ready"):
        assert f"{stage} 0." in line
    loom.type(b"exit\r")
    loom.expect("detached from otter; come back with: loom attach a1b2c3d4")
    assert loom.ends() == 0
    assert api.asked[0].body == {"name": "otter", "attach": "driver"}


def test_a_create_without_ticket_asks_for_one(api, relay, run):
    api.on("POST", "/api/weaver", Answer(201, WEAVER))
    relay.script = starting
    assert run("new").returncode == 0
    assert [asked.path for asked in api.asked] == ["/api/weaver", f"/api/weaver/{WEAVER['id']}/ticket"]


def test_why_it_waits_stays_on_the_screen_and_ctrl_c_offers_to_delete(api, relay, on_terminal):
    def script(session):
        for reason, message in 2 * [("ErrImagePull", "not found"), ("ImagePullBackOff", "Back-off pulling image")]:
            session.say(Status("pending", "driver", reason=reason, message=message))
        session.say(Status("pending", "driver", reason="Pulling", message="once more"))
        for _ in session.connection:
            pass

    relay.script = script
    loom = on_terminal("new")
    loom.expect("loom: waiting: ErrImagePull: not found\r\n")
    loom.expect("loom: waiting: ImagePullBackOff: Back-off pulling image\r\n")
    assert "loom: waiting: ErrImagePull" not in loom.expect("once more")
    loom.type(b"\x03")
    assert "loom: waiting: ErrImagePull" not in loom.expect("delete the weaver otter? [y/N] ")
    assert loom.modes() == loom.modes_before
    loom.type(b"y\r")
    loom.expect("deleted otter")
    assert loom.ends() == 130
    assert [asked.path for asked in api.asked if asked.method == "DELETE"] == [f"/api/weaver/{WEAVER['id']}"]


@pytest.mark.parametrize("answer", [b"\r", b"n\r", b"\x04", b"\x03"])
def test_ctrl_c_and_no_leaves_the_weaver(api, relay, on_terminal, answer):
    relay.script = lambda session: (
        session.say(Status("pending", "driver", reason="Pulling")),
        list(session.connection),
    )
    loom = on_terminal("new")
    loom.expect("Pulling")
    loom.type(b"\x03")
    loom.expect("[y/N] ")
    loom.type(answer)
    loom.expect("come back with: loom attach a1b2c3d4, or end it with: loom delete a1b2c3d4")
    assert loom.ends() == 130
    assert not [asked for asked in api.asked if asked.method == "DELETE"]


def test_without_a_terminal_it_waits_and_prints_the_id(run, relay):
    relay.script = starting
    result = run("new")
    assert (result.returncode, result.stdout) == (0, "a1b2c3d4\n")
    lines = result.stderr.splitlines()
    assert lines[:2] == ["loom: weaver otter (a1b2c3d4)", "loom: waiting: Scheduling"]
    assert [line.split()[1] for line in lines[2:]] == [
        "scheduled",
        "waiting:",
        "pulled",
        "waiting:",
        "cloned",
        "waiting:",
        "ready",
    ]
    assert "\x1b" not in result.stderr


def test_json_without_no_attach_is_the_weaver_once_it_runs(run, api, relay):
    running = {**WEAVER, "status": "running"}
    api.on("GET", f"/api/weaver/{WEAVER['id']}", Answer(200, running))
    relay.script = starting
    assert json.loads(run("new", "--json").stdout) == running


def test_a_container_that_ends_at_once(relay, on_terminal):
    def script(session):
        session.run(b"sh: make: not found\r\n")
        session.say(Status("failed", "driver", reason="Error", message="the main process ended with exit code 127"))
        session.say(Exit("ended", 127))

    relay.script = script
    loom = on_terminal("new", "--", "make")
    loom.expect("sh: make: not found")
    loom.expect("otter ended: the main process ended with exit code 127\r\n")
    assert loom.ends() == 127


def test_a_weaver_that_never_runs_without_a_terminal(run, relay):
    def script(session):
        session.say(Status("failed", "driver", reason="InvalidImageName", message="couldn't parse image name"))
        session.say(Exit("ended"))

    relay.script = script
    result = run("new")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.endswith("loom: otter ended: couldn't parse image name\n")


def test_escapes_in_what_the_cluster_says_do_nothing(run, relay):
    def script(session):
        session.say(Status("pending", "driver", reason="Bad\x1b]0;x\x07", message="a\x1b[2Jb\r\nc\u202e"))
        starting(session)

    relay.script = script
    result = run("new")
    assert "loom: waiting: Bad]0;x: a[2Jb  c\n" in result.stderr


def test_a_weaver_whose_name_drives_the_terminal(run, api):
    api.on("POST", "/api/weaver", Answer(201, {**WEAVER, "short_id": "\x1b[2Jabc"}))
    assert run("new", "--no-attach").stdout == "[2Jabc\n"


def test_sigterm_while_waiting_without_a_terminal(relay, env):
    waiting = threading.Event()

    def script(session):
        session.say(Status("pending", "driver", reason="Pulling"))
        waiting.set()
        list(session.connection)

    relay.script = script
    with subprocess.Popen(
        [*LOOM, "new"], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert waiting.wait(30)
        assert process.stderr is not None
        while "Pulling" not in process.stderr.readline():
            pass
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "")
    assert "come back with: loom attach a1b2c3d4" in err
