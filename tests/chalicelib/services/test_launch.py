from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import ids
from chalicelib.domain.create_request import parse_create_request
from chalicelib.domain.errors import (
    ClusterError,
    ClusterRefused,
    ClusterTimeout,
    Forbidden,
    IdempotencyConflict,
    InvalidRequest,
    NamespaceMissing,
    NameTaken,
    RetryLater,
    TooManyWeavers,
)
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import CREATE_GRACE, pod_made
from chalicelib.services.launch import request_hash
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW, terminating
from tests.chalicelib.services.world import RUNNING, SETTINGS


def test_a_create_reserves_makes_the_pod_and_does_not_wait(world):
    made = world.create(repo="https://git.example/o/r", env={"GREETING": "hi"}, lifetime_hours=0.5)
    assert world.cluster.calls == ["create_pod"]
    assert made == world.recorded(made)
    assert (made.status, made.pod_uid, made.version) == ("pending", f"uid-of-weaver-{made.id}", 2)
    assert (made.owner_user_id, made.org_id) == (ALICE.user_id, ALICE.personal_org_id)
    assert (made.created_at, made.expires_at) == (NOW, NOW + timedelta(minutes=30))
    assert made.stages == {"reserved": NOW}
    pod = world.cluster.pods[ids.pod_name(made.id)]
    assert pod["metadata"]["labels"]["loom.dev/weaver-id"] == made.id
    assert {"name": "GREETING", "value": "hi"} in pod["spec"]["containers"][0]["env"]


def test_environment_values_are_in_the_pod_and_nowhere_else(world):
    world.create(env={"TOKEN": "hunter2-secret"})
    assert "hunter2-secret" in repr(world.cluster.pods)
    assert "hunter2-secret" not in repr(world.store)


@pytest.mark.parametrize(
    ("body", "image", "has_session"),
    [
        ({}, SETTINGS.default_image, True),
        ({"image": SETTINGS.default_image}, SETTINGS.default_image, True),
        ({"image": "other:1"}, "other:1", False),
        ({"command": ["sleep", "9"]}, SETTINGS.default_image, False),
    ],
)
def test_only_the_default_image_with_its_own_command_has_a_session(world, body, image, has_session):
    made = world.create(**body)
    assert (made.image, made.has_session) == (image, has_session)


def test_creating_in_an_org_needs_a_role_there(world):
    with pytest.raises(Forbidden):
        world.create(org_id="org-blue")
    assert world.store.records == {}
    member = Principal("user-carol", "org-carol", {"org-blue": "org_member"})
    assert world.create(member, org_id="org-blue").org_id == "org-blue"


def test_a_repeated_create_makes_nothing_new(world):
    first = world.create(key="k")
    assert world.create(key="k") == first
    assert len(world.cluster.pods) == len(world.store.records) == 1
    assert world.cluster.calls == ["create_pod"]


def test_a_key_used_for_another_request_is_refused(world):
    world.create(key="k")
    with pytest.raises(IdempotencyConflict):
        world.create(key="k", name="other")
    with pytest.raises(IdempotencyConflict):
        world.create(key="k", env={"A": "1"})


def test_equal_requests_hash_equally_whatever_the_order_of_their_keys():
    one = parse_create_request({"env": {"A": "1", "B": "2"}, "tags": {"x": "1", "y": "2"}})
    two = parse_create_request({"tags": {"y": "2", "x": "1"}, "env": {"B": "2", "A": "1"}})
    three = parse_create_request({"tags": {"y": "2", "x": "1"}, "env": {"B": "2", "A": "2"}})
    assert request_hash(one) == request_hash(two) != request_hash(three)


def test_a_default_that_is_said_changes_no_hash():
    said = {"lifetime_hours": 4, "cluster": None, "env": {}, "resources": {"memory_limit": "16Gi"}}
    assert request_hash(parse_create_request(said)) == request_hash(parse_create_request({}))
    assert request_hash(parse_create_request({"cluster": "eu"})) != request_hash(parse_create_request({}))


def test_a_retry_finds_the_pod_that_a_dead_process_made(world):
    first = world.create(key="k")
    world.store.records[first.id] = replace(first, pod_uid=None, version=1)  # it died before writing that down
    again = world.create(key="k")
    assert (again.id, again.pod_uid) == (first.id, first.pod_uid)
    assert len(world.cluster.pods) == 1


def test_a_retry_makes_the_pod_that_a_dead_process_did_not(world):
    first = world.create(key="k")
    world.store.records[first.id] = replace(first, pod_uid=None, version=1)
    world.cluster.pods.clear()
    assert world.create(key="k").pod_uid == first.pod_uid
    assert len(world.cluster.pods) == 1


def test_a_name_is_taken_once(world):
    world.create(name="api")
    with pytest.raises(NameTaken):
        world.create(name="api")
    world.create(BOB, name="api")


def test_the_limit_of_the_user_holds(world):
    for _ in range(SETTINGS.user_limit):
        world.create()
    with pytest.raises(TooManyWeavers) as refused:
        world.create()
    assert refused.value.details == {"scope": "user", "usage": 3, "limit": 3}
    assert len(world.cluster.pods) == SETTINGS.user_limit


def test_the_limit_of_the_org_holds(world):
    members = [Principal(f"user-{n}", f"org-{n}", {"org-blue": "org_member"}) for n in range(6)]
    for member in members[:5]:
        world.create(member, org_id="org-blue")
    with pytest.raises(TooManyWeavers) as refused:
        world.create(members[5], org_id="org-blue")
    assert refused.value.details["scope"] == "org"


@pytest.mark.parametrize("error", [ClusterRefused("quota exceeded"), NamespaceMissing("loom-weavers")])
def test_a_refusal_frees_the_reservation_at_once(world, error):
    world.cluster.failures["create_pod"] = error
    with pytest.raises(ClusterRefused, match=error.message):
        world.create(name="api")
    (record,) = world.store.records.values()
    assert (record.status, record.reason, record.message) == ("failed", "CreateFailed", error.message)
    assert record.ended_at == NOW
    assert world.store.keep_until == {record.id: NOW + timedelta(days=30)}
    del world.cluster.failures["create_pod"]
    world.create(name="api")


@pytest.mark.parametrize("error", [ClusterTimeout("no answer in 10 s"), ClusterError("etcd has no leader")])
@pytest.mark.parametrize("late", [False, True], ids=["pod not made", "pod made"])
def test_an_uncertain_failure_is_left_to_the_sweep(world, error, late):
    world.cluster.failures["create_pod"], world.cluster.late = error, late
    with pytest.raises(type(error), match=error.message):
        world.create()
    (record,) = world.store.records.values()
    assert (record.status, record.reason, record.ended_at) == ("terminating", "CreateFailed", None)
    assert len(world.cluster.pods) == late
    for _ in range(2):
        world.clock.advance(MINUTE)
        world.sweep()
        world.cluster.settle()
    assert world.cluster.pods == {}
    assert (world.recorded(record).status, world.living()) == ("failed", [])


def test_a_timed_out_create_that_arrives_after_the_next_sweep_leaves_no_pod(world):
    world.cluster.failures["create_pod"] = ClusterTimeout("no answer in 10 s")
    with pytest.raises(ClusterTimeout):
        world.create()
    (record,) = world.store.records.values()
    world.clock.advance(MINUTE / 2)
    world.sweep()
    del world.cluster.failures["create_pod"]
    world.cluster.create_pod({"metadata": {"name": record.pod_name}})  # only now does the API server get to it
    for _ in range(2):
        world.clock.advance(MINUTE)
        world.sweep()
        world.cluster.settle()
    assert world.cluster.pods == {}
    assert world.living() == []


def test_a_pod_of_that_name_that_is_not_ours_is_neither_taken_nor_deleted(world):
    foreign = {"metadata": {"uid": "foreign", "labels": {"loom.dev/weaver-id": "another"}}}
    world.meanwhile(
        "before create_pod", lambda manifest: world.cluster.pods.update({manifest["metadata"]["name"]: foreign})
    )
    with pytest.raises(ClusterRefused, match="not ours"):
        world.create()
    assert list(world.cluster.pods.values()) == [foreign]
    assert "deletionTimestamp" not in foreign["metadata"]
    assert world.living() == []


def test_a_pod_that_is_being_deleted_is_not_taken_for_made(world):
    first = world.create(key="k")
    world.store.records[first.id] = replace(first, pod_uid=None, version=1)
    world.cluster.delete_pod(first.pod_name)
    with pytest.raises(ClusterError, match="being deleted"):
        world.create(key="k")
    assert world.recorded(first).status == "terminating"


def test_a_pod_that_vanishes_between_two_looks_is_not_taken_for_made(world):
    first = world.create(key="k")
    world.store.records[first.id] = replace(first, pod_uid=None, version=1)
    world.meanwhile("after create_pod", lambda _manifest: world.cluster.pods.clear())
    with pytest.raises(ClusterError):
        world.create(key="k")


def test_a_refused_retry_does_not_leave_the_pod_of_the_first_attempt(world):
    first = world.create(key="k")
    world.store.records[first.id] = replace(first, pod_uid=None, version=1)
    world.cluster.failures["create_pod"] = ClusterRefused("quota exceeded")  # used up by that very pod
    with pytest.raises(ClusterRefused):
        world.create(key="k")
    for _ in range(2):
        world.clock.advance(MINUTE)
        world.sweep()
        world.cluster.settle()
    assert (world.cluster.pods, world.living()) == ({}, [])


@pytest.mark.parametrize("error", [ClusterRefused("quota exceeded"), ClusterTimeout("no answer")])
def test_a_retry_of_a_create_that_failed_hears_how_it_ended_and_makes_no_pod(world, error):
    world.cluster.failures["create_pod"] = error
    with pytest.raises(type(error)):
        world.create(key="k")
    world.cluster.failures.clear()
    with pytest.raises(ClusterError, match=error.message):
        world.create(key="k")
    assert world.cluster.pods == {}


def test_a_weaver_described_while_it_is_made_lives_on(world):
    def describe_it(manifest):
        world.cluster.set_status(manifest["metadata"]["name"], RUNNING)
        world.describe(ALICE, manifest["metadata"]["labels"]["loom.dev/weaver-id"])

    world.meanwhile("after create_pod", describe_it)
    made = world.create()
    assert (made.status, made.pod_uid) == ("running", f"uid-of-{made.pod_name}")
    world.clock.advance(CREATE_GRACE)
    assert world.sweep().deleted_ids == []
    assert world.recorded(made) == made


@pytest.mark.parametrize("moment", ["before create_pod", "after create_pod"])
def test_a_weaver_deleted_while_it_is_made_leaves_no_pod(world, moment):
    world.meanwhile(moment, lambda manifest: world.stop(ALICE, manifest["metadata"]["labels"]["loom.dev/weaver-id"]))
    made = world.create()
    assert made.status == "terminating"
    world.cluster.settle()
    assert world.cluster.pods == {}
    world.clock.advance(MINUTE)
    world.sweep()
    assert (world.recorded(made).reason, world.living()) == ("Deleted", [])


def test_a_create_that_comes_back_after_its_weaver_was_given_up_deletes_its_pod(world):
    def stall(_manifest):
        world.clock.advance(CREATE_GRACE)
        assert len(world.sweep().deleted_ids) == 1

    world.meanwhile("before create_pod", stall)
    made = world.create()
    assert (made.status, made.reason) == ("failed", "CreateFailed")
    world.cluster.settle()
    assert world.cluster.pods == {}


@pytest.mark.parametrize("moment", ["before update", "before end"])
def test_a_store_that_is_busy_as_well_does_not_hide_why_the_create_failed(world, moment):
    world.cluster.failures["create_pod"] = ClusterRefused("quota exceeded")

    def busy(*_args):
        raise RetryLater("the database is busy")

    world.meanwhile(moment, busy)
    with pytest.raises(ClusterRefused, match="quota"):
        world.create()
    world.clock.advance(CREATE_GRACE)
    world.sweep()
    assert world.living() == []


def test_an_undo_gives_way_to_whoever_ends_the_weaver(world):
    world.cluster.failures["create_pod"] = ClusterRefused("quota exceeded")

    def somebody_deletes_it(*_args):
        (record,) = world.store.records.values()
        world.store.update(terminating(record))

    world.meanwhile("before update", somebody_deletes_it)
    with pytest.raises(ClusterRefused, match="quota"):
        world.create()
    (record,) = world.store.records.values()
    assert record.reason == "Deleted"


def test_two_creates_with_one_key_at_once_agree(world):
    answers = []
    world.meanwhile("before create_pod", lambda _manifest: answers.append(world.create(key="k")))
    answers.append(world.create(key="k"))
    assert answers[0] == answers[1]
    assert answers[0] == pod_made(replace(answers[0], pod_uid=None, version=1), answers[0].pod_uid)
    assert len(world.cluster.pods) == 1


def test_a_folder_of_the_clone_needs_something_that_goes_there(world):
    with pytest.raises(InvalidRequest, match="workdir"):
        world.create(image="registry.example/other", workdir="/workspace/r")
    world.create(image="registry.example/other", workdir="/workspace/r", command=["make"])
    world.create(workdir="/workspace/r")
