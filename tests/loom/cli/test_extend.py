"""``loom extend``: what is asked of the API, and what is told."""

import pytest

from tests.loom.stand_in import WEAVER, Answer, refusal

EXTENDED = {**WEAVER, "lifetime_hours": 8.0}
ID = WEAVER["id"]


@pytest.mark.parametrize(
    ("time", "hours"), [("8h", 8), ("8", 8), ("0.5", 0.5), ("1h30m", 1.5), ("1d", 24)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("group", [(), ("weaver",)], ids=["loom", "loom weaver"])
def test_a_time_counts_from_the_creation(run, api, time, hours, group):
    api.on("POST", "/api/weaver/otter/extend", Answer(200, EXTENDED))
    result = run(*group, "extend", "otter", time)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("loom: otter ends in ")
    assert result.stderr.endswith(", at 2999-01-01T00:00:00Z\n")
    assert [(asked.method, asked.path, asked.body) for asked in api.asked] == [
        ("POST", "/api/weaver/otter/extend", {"lifetime_hours": hours})
    ]


def test_a_time_with_a_plus_is_added_to_what_it_has(run, api):
    api.on("POST", f"/api/weaver/{ID}/extend", Answer(0), Answer(200, EXTENDED))
    assert run("extend", "otter", "+1h30m").returncode == 0
    extensions = [asked.body for asked in api.asked if asked.method == "POST"]
    assert extensions == 2 * [{"lifetime_hours": 5.5}], "repeated after a lost answer, it adds nothing twice"


def test_an_api_that_tells_no_lifetime_is_not_guessed_at(run, api):
    api.on("GET", "/api/weaver/otter", Answer(200, {"id": ID}))
    result = run("extend", "otter", "+2h")
    assert (result.returncode, result.stderr) == (2, "loom: the API does not tell the weaver's lifetime\n")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(400, "invalid_lifetime", "lifetime_hours must be more than 0 and at most 48"), 1),
        (refusal(403, "forbidden", "you may not extend this weaver"), 1),
        (refusal(409, "weaver_ended", "the weaver is gone: deleted by u2"), 1),
        (refusal(503, "retry_later", "the weaver is being changed by others; try again"), 2),
    ],
    ids=lambda value: value.body["error"]["code"] if isinstance(value, Answer) else "",
)
def test_a_refusal_is_told_in_the_apis_words(run, api, answer, code):
    api.on("POST", "/api/weaver/otter/extend", answer)
    result = run("extend", "otter", "49h")
    told = answer.body["error"]["message"]
    assert (result.returncode, result.stdout, result.stderr) == (code, "", f"loom: {told}\n")


@pytest.mark.parametrize("time", ["2h", "+2h"])
def test_a_name_that_looks_alike_is_offered(run, time):
    result = run("extend", "ottre", time)
    assert (result.returncode, result.stderr) == (1, "loom: no weaver of that name; did you mean otter?\n")


@pytest.mark.parametrize("time", ["", "+", "soon", "++2h", "-1", "0", "+0h", "nan", "inf"])
def test_what_is_no_time_never_reaches_the_api(run, api, time):
    result = run("extend", "otter", time)
    assert result.returncode == 1
    assert result.stderr.startswith("loom: TIME ")
    assert api.asked == []
