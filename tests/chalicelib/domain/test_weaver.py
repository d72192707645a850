"""The states of a weaver and the ways between them."""

from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chalicelib.domain import lifetime
from chalicelib.domain.errors import InvalidLifetime, WeaverEnded
from chalicelib.domain.pod_status import PodStatus, WeaverStatus
from chalicelib.domain.weaver import (
    CREATE_FAILED,
    CREATE_GRACE,
    TRANSITIONS,
    Ending,
    Weaver,
    awaited,
    create_failed,
    deleted,
    due_at,
    ended,
    expired,
    extended,
    observed,
    pod_made,
    pod_may_come,
)
from tests.chalicelib.samples import ALICE, MINUTE, NOW, terminating, weaver

STATUSES = get_args(WeaverStatus)
SEEN = st.builds(
    PodStatus,
    status=st.sampled_from(STATUSES),
    reason=st.sampled_from([None, "Error", "Pulling"]),
    message=st.sampled_from([None, "told"]),
    stages=st.dictionaries(st.sampled_from(["scheduled", "ready"]), st.just(NOW), max_size=2),
)
RUNNING = replace(pod_made(weaver(), "uid"), status="running")


class Life(RuleBasedStateMachine):
    """Anything may happen to a weaver, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.weaver = weaver()

    def changes(self, after: Weaver) -> None:
        before = self.weaver
        if after is before:
            return
        assert before.ended_at is None, "nothing leads out of ended"
        assert after.version == before.version + 1
        assert replace(after, version=before.version) != before, "a version is a change"
        if after.status != before.status and not after.ended_at:
            assert after.status in TRANSITIONS[before.status]
        if before.status == "terminating":
            assert after.status == "terminating" or after.ended_at
            assert (after.reason, after.message, after.ending) == (before.reason, before.message, before.ending)
        assert set(before.stages) <= set(after.stages)
        assert after.expires_at == lifetime.expires_at(after.created_at, after.lifetime_hours)
        fixed = {"id", "owner_user_id", "org_id", "created_at", "name", "repo", "tags", "resources"}
        assert all(
            getattr(after, field.name) == getattr(before, field.name) for field in fields(after) if field.name in fixed
        )
        self.weaver = after

    @rule(seen=SEEN)
    def the_pod_is_seen(self, seen: PodStatus) -> None:
        self.changes(observed(self.weaver, "uid", seen, NOW))

    @rule()
    def somebody_deletes_it(self) -> None:
        self.changes(deleted(self.weaver, "user-bob", "Slack", NOW))

    @rule()
    def it_expires(self) -> None:
        self.changes(expired(self.weaver, NOW))

    @rule()
    def its_create_fails(self) -> None:
        self.changes(create_failed(self.weaver, "API", NOW, "quota"))

    @rule(hours=st.sampled_from([1.0, 4.0, 48.0]))
    def it_is_extended(self, hours: float) -> None:
        with suppress(WeaverEnded):
            self.changes(extended(self.weaver, hours, NOW))

    @rule()
    def its_pod_is_gone(self) -> None:
        self.changes(ended(self.weaver, NOW + MINUTE))

    @invariant()
    def it_is_due_until_it_has_ended(self) -> None:
        due = due_at(self.weaver)
        assert (due is None) == (self.weaver.ended_at is not None)
        assert due is None or due <= self.weaver.expires_at

    @invariant()
    def it_is_known_who_ends_it(self) -> None:
        assert (self.weaver.ending is not None) == (
            self.weaver.status == "terminating" or self.weaver.ended_at is not None
        )

    @invariant()
    def what_has_ended_is_over(self) -> None:
        if self.weaver.ended_at:
            assert self.weaver.status in ("succeeded", "failed")


TestLife = Life.TestCase


def test_the_pod_that_was_made_is_written_down():
    made = pod_made(weaver(), "uid-1")
    assert (made.pod_uid, made.version, made.status) == ("uid-1", 2, "pending")


@pytest.mark.parametrize(
    ("before", "after"),
    [(before, after) for before in STATUSES for after in STATUSES if before != after],
)
def test_which_status_may_follow_which(before, after):
    allowed = {
        "pending": {"running", "succeeded", "failed", "terminating"},
        "running": {"succeeded", "failed", "terminating"},
        "succeeded": {"terminating"},
        "failed": {"terminating"},
        "terminating": set(),
    }
    record = replace(RUNNING, status=before)
    seen = observed(record, "uid", PodStatus(after, "Why", "told"), NOW)
    if after == "terminating" and after in allowed[before]:
        assert (seen.status, seen.reason, seen.message, seen.ending) == (after, "Why", "told", Ending("cluster", NOW))
    elif after in allowed[before]:
        assert (seen.status, seen.reason, seen.message, seen.version) == (after, "Why", "told", record.version + 1)
    else:
        assert seen is record


def test_seeing_the_same_again_changes_nothing():
    seen = PodStatus("running", stages={"ready": NOW})
    once = observed(RUNNING, "uid", seen, NOW)
    assert once is not RUNNING
    assert observed(once, "uid", seen, NOW) is once


def test_stages_once_reached_stay():
    """Events, from which "pulled" is known, are forgotten after an hour."""
    first = observed(RUNNING, "uid", PodStatus("running", stages={"pulled": NOW}), NOW)
    second = observed(first, "uid", PodStatus("running", stages={"ready": NOW}), NOW)
    assert set(second.stages) == {"reserved", "pulled", "ready"}


def test_whoever_sees_the_pod_first_writes_down_its_uid():
    assert observed(weaver(), "uid-1", PodStatus("pending"), NOW).pod_uid == "uid-1"


def test_the_first_decision_to_end_stands():
    going = expired(RUNNING, NOW)
    assert (going.status, going.reason, going.version) == ("terminating", "Expired", RUNNING.version + 1)
    assert deleted(going, "user-bob", "CLI", NOW) is going


@pytest.mark.parametrize(
    ("now", "message"),
    [
        (NOW + MINUTE, "deleted before its time by user-alice via Slack at 2026-03-01 12:01 UTC"),
        (NOW + timedelta(hours=5), "deleted by user-alice via Slack at 2026-03-01 17:00 UTC"),
    ],
    ids=["early", "late"],
)
def test_who_deleted_it_is_told(now, message):
    going = deleted(RUNNING, ALICE.user_id, "Slack", now)
    assert (going.reason, going.message) == ("Deleted", message)
    assert going.ending == Ending("Slack", now, ALICE.user_id)
    assert ended(going, now + MINUTE).ending == going.ending


def test_a_pod_that_is_deleted_in_the_cluster_was_not_ours_to_end():
    going = observed(RUNNING, "uid", PodStatus("terminating"), NOW)
    assert (going.reason, going.message) == ("PodDeleted", "its pod was deleted in the cluster")
    assert ended(going, NOW + MINUTE).status == "failed"


@pytest.mark.parametrize("status", ["pending", "running", "succeeded", "failed"])
@pytest.mark.parametrize(
    ("hours", "until"),
    [(8, NOW + timedelta(hours=8)), (48, NOW + timedelta(hours=48)), (1.5, NOW + timedelta(minutes=90))],
    ids=["longer", "the cap", "shorter"],
)
def test_an_extension_counts_from_the_creation(status, hours, until):
    record = replace(RUNNING, status=status)
    longer = extended(record, hours, NOW + timedelta(hours=1))
    assert longer == replace(record, lifetime_hours=hours, expires_at=until, version=record.version + 1)


def test_one_that_has_expired_and_is_not_ending_yet_can_be_extended():
    assert extended(RUNNING, 5, RUNNING.expires_at + MINUTE).expires_at == NOW + timedelta(hours=5)


def test_the_lifetime_it_has_already_is_no_change():
    assert extended(RUNNING, 4.0, NOW) is RUNNING


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (1, "counts from the creation, which is 1.00 h ago"),
        (0.5, "counts from the creation"),
        (48.001, "at most 48"),
        (0, "more than 0"),
        (-1, "more than 0"),
        (float("nan"), "more than 0"),
        (float("inf"), "at most 48"),
    ],
)
def test_lifetimes_that_an_extension_may_not_give(hours, words):
    with pytest.raises(InvalidLifetime, match=words) as refused:
        extended(RUNNING, hours, NOW + timedelta(hours=1))
    assert refused.value.details == {"field": "lifetime_hours"}


@pytest.mark.parametrize(
    "record",
    [terminating(RUNNING), ended(replace(RUNNING, message="it ended"), NOW)],
    ids=["terminating", "ended"],
)
def test_what_is_gone_or_going_is_not_extended(record):
    with pytest.raises(WeaverEnded, match=r"the weaver is gone: .+") as refused:
        extended(record, 8, NOW)
    assert refused.value.details == {"status": record.status, "reason": record.reason}


@pytest.mark.parametrize(
    ("record", "status", "reason"),
    [
        (terminating(RUNNING), "succeeded", "Deleted"),
        (expired(RUNNING, NOW), "succeeded", "Expired"),
        (create_failed(weaver(), "API", NOW, "quota"), "failed", CREATE_FAILED),
        (RUNNING, "failed", "PodGone"),
        (pod_made(weaver(), "uid"), "failed", "PodGone"),
        (weaver(), "failed", CREATE_FAILED),
        (replace(RUNNING, status="succeeded", reason="Completed"), "succeeded", "Completed"),
        (replace(RUNNING, status="failed", reason="OOMKilled"), "failed", "OOMKilled"),
    ],
    ids=["deleted", "expired", "refused", "vanished", "vanished while pending", "never made", "completed", "failed"],
)
def test_how_a_weaver_has_ended(record, status, reason):
    gone = ended(record, NOW + MINUTE)
    assert (gone.status, gone.reason, gone.ended_at) == (status, reason, NOW + MINUTE)
    assert gone.version == record.version + 1
    assert gone.message is not None or record.message is None
    assert ended(gone, NOW + 2 * MINUTE) is gone
    assert terminating(gone) is gone


@pytest.mark.parametrize(
    ("record", "due"),
    [
        (weaver(), NOW + CREATE_GRACE),
        (weaver(lifetime_hours=1 / 360), NOW + timedelta(seconds=10)),
        (RUNNING, NOW + timedelta(hours=4)),
        (pod_made(weaver(), "uid"), NOW),
        (awaited(pod_made(weaver(), "uid"), NOW + MINUTE), NOW + MINUTE),
        (replace(RUNNING, status="failed"), NOW + timedelta(hours=4)),
        (terminating(RUNNING), NOW),
        (create_failed(weaver(), "API", NOW), NOW),
        (expired(RUNNING, NOW + timedelta(hours=5)), NOW + timedelta(hours=5)),
        (awaited(terminating(RUNNING), NOW + MINUTE), NOW + MINUTE),
        (ended(RUNNING, NOW), None),
    ],
    ids=[
        "unmade",
        "unmade and brief",
        "running",
        "pending",
        "pending still",
        "failed",
        "terminating",
        "refused",
        "expired",
        "awaited",
        "ended",
    ],
)
def test_when_the_sweep_must_look(record, due):
    assert due_at(record) == due


@given(st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_how_long_a_pod_may_still_come(after):
    assert pod_may_come(weaver(), NOW + after) == (after < CREATE_GRACE)
    assert not pod_may_come(pod_made(weaver(), "uid"), NOW + after)


def test_the_name_of_the_pod_follows_from_the_id():
    assert RUNNING.pod_name == f"weaver-{RUNNING.id}"
