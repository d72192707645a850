"""The end of weavers as the command line tells it: who, through what, when; while it happens and afterwards."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Edition
from tests.loom.pseudo_terminal import DEADLINE

pytestmark = pytest.mark.xdist_group("e2e")
Make = Callable[..., dict[str, Any]]


def loom(edition: Edition, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """By somebody at a keyboard, whatever runs these tests, unless ``variables`` say otherwise."""
    return subprocess.run(
        ["loom", *arguments], env={**edition.env, "CI": "", **variables}, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=2 * DEADLINE, check=False,
    )  # fmt: skip


def described(edition: Edition, reference: str) -> dict[str, str]:
    return dict(line.split("\t") for line in loom(edition, "describe", reference).stdout.splitlines())


def test_who_is_attached_and_who_asks_later_learn_who_deleted_it(edition: Edition, weaver: Make):
    made = weaver("--name", "mourned")
    owner = made["owner_user_id"]
    with edition.terminal("attach", "mourned", cols=150) as terminal:
        terminal.expect("$ ")
        done = loom(edition, "delete", "--wait", "mourned")
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "loom: deleted mourned")
        assert all(pod.metadata.name != made["pod_name"] for pod in edition.pods())
        assert terminal.ends() == 1
        assert f"loom: mourned was deleted before its time by {owner} via CLI at 20" in terminal.rest()
    done = loom(edition, "describe", "mourned")
    assert done.stderr == f"loom: mourned is no more; this is the newest of yours that was called so: {made['id']}\n"
    told = described(edition, made["id"])
    assert (told["reason"], told["ended by"]) == ("Deleted", f"{owner} via CLI")
    assert told["ended"]
    assert told["message"].startswith(f"deleted before its time by {owner} via CLI at 20")
    assert loom(edition, "attach", "mourned").returncode == 1
    assert loom(edition, "extend", "mourned", "2h").stderr.endswith("; it has ended: loom describe mourned\n")
    assert f"{made['short_id']}\tmourned\tsucceeded (Deleted)\t" in loom(edition, "ps", "--all").stdout


def test_a_pipeline_is_told_from_a_person(edition: Edition, weaver: Make):
    made = weaver("--no-attach")
    assert loom(edition, "delete", "--wait", made["id"], CI="true").returncode == 0
    assert described(edition, made["short_id"])["ended by"] == f"{made['owner_user_id']} via CI"


def test_a_lifetime_that_is_over_was_the_sweeps_doing(edition: Edition, weaver: Make):
    made = weaver("--no-attach", "--ttl", edition.brief)
    watch = subprocess.Popen(["loom", "ps", "--watch", "--json"], env=edition.env, stdout=subprocess.PIPE, text=True)
    assert watch.stdout
    with watch:
        told = (json.loads(line) for line in watch.stdout)
        ended = next(one for one in told if one["id"] == made["id"] and one["ended_at"])
        watch.terminate()
    assert (ended["reason"], ended["ending"]["by"], ended["ending"]["via"]) == ("Expired", None, "sweep")
    assert described(edition, made["id"])["ended by"] == "the sweep"


def test_admins_see_what_a_sweep_would_do_and_others_do_not(edition: Edition):
    admin = {"LOOM_URL": edition.login["url"], "LOOM_TOKEN": edition.admin_token}
    done = loom(edition, "cleanup", "--dry-run", "--json", **admin)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dry_run"]
    done = loom(edition, "cleanup", **admin)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("loom: ")
    assert loom(edition, "cleanup", "--dry-run").returncode == 1
