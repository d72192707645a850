"""``loom cleanup``: sweeps until there is nothing more to do, and what is told of them."""

import json
from typing import Any

import pytest

from tests.loom.stand_in import Answer, refusal

ID = "019a0000-0000-7000-8000-00000000000"


def step(number: int, action: str = "expire", why: str = "its lifetime ended") -> dict[str, str]:
    return {"action": action, "subject": f"{ID}{number}", "why": why}


def swept(*steps: dict[str, str], more: bool = False, dry_run: bool = False) -> Answer:
    deleted = [each["subject"] for each in steps if each["action"] == "expire"]
    body = {"dry_run": dry_run, "deleted_count": len(deleted), "deleted_ids": deleted, "more": more, "steps": steps}
    return Answer(200, body)


@pytest.fixture
def sweeps(api):
    """The answers of the API's sweeps, one after another."""
    return lambda *answers: api.on("POST", "/api/weavers/cleanup", *answers)


def asked(api: Any) -> list[Any]:
    return [each.body for each in api.asked]


def test_it_sweeps_until_there_is_nothing_more(run, api, sweeps):
    sweeps(swept(step(1), more=True), swept(step(2, "finish", "its pod\n is going"), more=True), swept(step(3)))
    result = run("cleanup")
    assert (result.returncode, result.stderr) == (0, "loom: 3 steps; 2 weavers deleted\n")
    assert result.stdout.splitlines() == [
        f"expire\t{ID}1\tits lifetime ended",
        f"finish\t{ID}2\tits pod  is going",
        f"expire\t{ID}3\tits lifetime ended",
    ]
    assert asked(api) == 3 * [{"dry_run": False}]


def test_what_only_time_can_do_is_left_to_the_next_sweeps(run, api, sweeps):
    sweeps(swept(step(1), step(2, "finish"), more=True), swept(step(2, "finish"), more=True))
    result = run("weaver", "cleanup")
    assert result.stdout.count("\n") == 2
    assert result.stderr == "loom: 2 steps; 1 weaver deleted; the rest takes its time: the next sweeps do it\n"
    assert len(api.asked) == 2


def test_a_dry_run_is_one_and_says_so(run, api, sweeps):
    sweeps(swept(step(1), more=True, dry_run=True))
    result = run("cleanup", "--dry-run")
    told = "loom: 1 step; 1 weaver would be deleted; nothing was done; there is more to do than that\n"
    assert (result.returncode, result.stderr) == (0, told)
    assert asked(api) == [{"dry_run": True}]


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
def test_nothing_to_do(run, sweeps, arguments):
    sweeps(swept())
    result = run("cleanup", *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "loom: nothing to do\n")


def test_on_a_terminal_it_is_a_table(on_terminal, sweeps):
    sweeps(swept(step(1), step(2, "orphan", "a pod without a weaver"), dry_run=True))
    loom = on_terminal("cleanup", "--dry-run", cols=90)
    assert loom.ends() == 0
    header, first, second, said = loom.rest().splitlines()
    assert header.split() == ["ACTION", "SUBJECT", "WHY"]
    assert first.index("its lifetime") == second.index("a pod without") == header.index("WHY")
    assert said == "loom: 2 steps; 1 weaver would be deleted; nothing was done"


def test_what_was_done_before_a_failure_is_told(run, api, sweeps):
    sweeps(swept(step(1), more=True), refusal(502, "k8s_error", "the cluster refused"))
    result = run("cleanup", "--json")
    assert (result.returncode, result.stderr) == (2, "loom: the cluster refused\n")
    assert json.loads(result.stdout)["steps"] == [step(1)]


def test_refusals(run, sweeps):
    sweeps(refusal(403, "forbidden", "only system admins may start a sweep"))
    result = run("cleanup")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "loom: only system admins may start a sweep\n"
    sweeps(Answer(200, {"deleted_ids": []}))
    assert run("cleanup").stderr == "loom: the API does not tell what the sweep did\n"
