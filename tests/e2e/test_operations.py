"""The questions of docs/operations.md, each answered by its one command."""

import json

import pytest

from tests.e2e.client import Client
from tests.e2e.conftest import Edition
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("e2e")


def described(edition: Edition, reference: str) -> dict[str, str]:
    """What ``loom describe`` prints in a pipe, by its first column."""
    done = edition.loom("describe", reference)
    assert done.returncode == 0, done.stderr
    return dict(line.split("\t", 1) for line in done.stdout.splitlines())


def made(edition: Edition, *arguments: str) -> str:
    """The id of a weaver that was asked for and not waited for."""
    client = Client(edition.login["url"], edition.login["token"])
    body = dict(argument.split("=", 1) for argument in arguments)
    status, answer, _ = client("POST", "/api/weaver", {"lifetime_hours": 1, **body})
    assert status == 201, answer
    return str(answer["id"])


def test_my_weaver_is_stuck_in_pending(edition: Edition):
    weaver_id = made(edition, "image=registry.invalid/tools:1")
    until(lambda: described(edition, weaver_id).get("reason") in ("ErrImagePull", "ImagePullBackOff"))
    told = described(edition, weaver_id)
    assert told["status"] == "pending"
    assert "registry.invalid/tools:1" in told["message"]
    assert edition.loom("delete", weaver_id).returncode == 0


@pytest.mark.laptop("the image is run by the host's userland")
def test_my_weaver_immediately_shows_succeeded(edition: Edition):
    client = Client(edition.login["url"], edition.login["token"])
    _, answer, _ = client("POST", "/api/weaver", {"image": "debian:13", "command": ["true"]})
    until(lambda: described(edition, answer["id"])["status"] == "succeeded")
    told = described(edition, answer["id"])
    assert told["reason"] == "Completed"
    assert "exit code 0" in told["message"]
    assert "main process" in told["message"]
    assert edition.loom("delete", answer["id"]).returncode == 0


def test_i_cannot_attach(edition: Edition, weaver):
    gone = weaver("--no-attach")
    assert edition.loom("delete", gone["id"]).returncode == 0
    with edition.terminal("attach", gone["id"], cols=200) as terminal:
        terminal.expect("the weaver is gone: deleted before its time by developer")
        assert terminal.ends() == 1


def test_my_weaver_was_deleted_before_its_time(edition: Edition, weaver):
    theirs = weaver("--no-attach", "--name", "taken")
    admin = Client(edition.login["url"], edition.admin_token)
    assert admin("DELETE", f"/api/weaver/{theirs['id']}", Loom_Via="Slack")[0] == 204
    assert edition.loom("delete", "--wait", theirs["id"]).returncode == 0
    shown = next(one for one in edition.listed("--all") if one["id"] == theirs["id"])
    told = described(edition, theirs["id"])["message"]
    assert told.startswith("deleted before its time by admin")
    assert " via Slack at 20" in told
    assert (shown["message"], shown["ending"]["via"]) == (told, "Slack")
    assert json.loads(edition.loom("describe", theirs["id"], "--json").stdout)["ending"]["by"].startswith("admin")
