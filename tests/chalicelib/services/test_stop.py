from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ClusterError, ClusterTimeout, Forbidden, NotFound, RetryLater
from chalicelib.domain.permissions import Principal
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW


def test_a_delete_is_decided_then_the_pod_goes(world):
    made = world.created_and_running()
    going = world.stop(ALICE, made.id)
    assert (going.status, going.reason, going.message) == (
        "terminating",
        "Deleted",
        "deleted before its time by user-alice via API at 2026-03-01 12:00 UTC",
    )
    assert world.recorded(made) == going
    assert "deletionTimestamp" in world.cluster.pods[made.pod_name]["metadata"]


def test_deleting_again_and_again_changes_nothing_but_the_end(world):
    made = world.created_and_running()
    first = world.stop(ALICE, made.id)
    assert world.stop(ALICE, made.id) == first
    world.cluster.settle()
    gone = world.stop(ALICE, made.id)
    assert (gone.status, gone.reason, gone.ended_at) == ("succeeded", "Deleted", NOW)
    world.clock.advance(MINUTE)
    world.cluster.calls.clear()
    assert world.stop(ALICE, made.id) == gone
    assert world.cluster.calls == []
    assert world.store.keep_until == {made.id: NOW + timedelta(days=30)}


def test_the_name_is_free_once_the_weaver_has_ended(world):
    world.created_and_running(name="api")
    world.stop(ALICE, "api")
    world.cluster.settle()
    world.stop(ALICE, "api")
    world.create(name="api")


def test_who_may_delete(world):
    member = Principal("user-carol", "org-carol", {"org-blue": "org_member"})
    admin = Principal("user-dave", "org-dave", {"org-blue": "org_admin"})
    made = world.create(Principal("user-erin", "org-erin", {"org-blue": "org_member"}), org_id="org-blue")
    with pytest.raises(NotFound):
        world.stop(BOB, made.id)
    with pytest.raises(Forbidden):
        world.stop(member, made.id)
    assert world.recorded(made) == made
    assert world.stop(admin, made.id).message == "deleted before its time by user-dave via API at 2026-03-01 12:00 UTC"


@pytest.mark.parametrize("error", [ClusterError("etcd has no leader"), ClusterTimeout("no answer")])
def test_a_cluster_that_fails_delays_the_end_only(world, error):
    made = world.created_and_running()
    world.cluster.failures["delete_pod"] = error
    assert world.stop(ALICE, made.id).status == "terminating"
    assert world.sweep().failed_count == 1
    assert world.recorded(made).status == "terminating"
    world.cluster.failures.clear()
    world.sweep()
    world.cluster.settle()
    assert world.sweep().ended != []
    assert (world.living(), world.cluster.pods) == ([], {})


def test_a_change_meanwhile_is_read_and_the_delete_still_holds(world):
    made = world.created_and_running()
    longer = replace(made, expires_at=made.expires_at + MINUTE, version=made.version + 1)
    world.meanwhile("before update", lambda _record: world.store.update(longer))
    going = world.stop(ALICE, made.id)
    assert (going.status, going.expires_at, going.version) == ("terminating", longer.expires_at, longer.version + 1)


def test_two_deletes_at_once_end_it_once(world):
    made = world.created_and_running()
    world.stop(ALICE, made.id)
    world.cluster.settle()
    world.meanwhile("before end", lambda *_args: world.stop(ALICE, made.id))
    gone = world.stop(ALICE, made.id)
    assert gone == world.recorded(made)
    assert gone.ended_at == NOW


def test_a_record_that_never_holds_still_is_not_waited_for_for_ever(world):
    made = world.created_and_running()

    def change_it(moment, _args):
        if moment == "before update":
            record = world.recorded(made)
            world.store.update(replace(record, version=record.version + 1))

    world.watcher = change_it
    with pytest.raises(RetryLater):
        world.stop(ALICE, made.id)
    assert "deletionTimestamp" not in world.cluster.pods[made.pod_name]["metadata"]
