from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import ids
from chalicelib.domain.errors import AmbiguousId, ClusterTimeout, Forbidden, InvalidRequest, NotFound
from chalicelib.domain.permissions import Principal
from chalicelib.domain.weaver import CREATE_GRACE
from chalicelib.services.describe import Listing
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW, reservation, terminating, weaver
from tests.chalicelib.services.world import RUNNING, World

MEMBER = Principal("user-carol", "org-carol", {"org-blue": "org_member"})
OTHER_MEMBER = Principal("user-dave", "org-dave", {"org-blue": "org_member"})
SUPPORT = Principal("user-sue", "org-sue", system_role="support")


def test_a_pending_weaver_is_looked_at_and_the_change_recorded(world):
    made = world.create()
    world.cluster.set_status(made.pod_name, RUNNING)
    world.cluster.calls.clear()
    now = world.describe(ALICE, made.id)
    assert now.status == "running"
    assert set(now.stages) == {"reserved", "scheduled", "ready"}
    assert world.recorded(made) == now
    assert world.cluster.calls == ["get_pod", "pod_events"]


def test_a_pending_weaver_says_why_it_waits(world):
    made = world.create()
    pod = world.cluster.pods[made.pod_name]
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-03-01T12:00:01Z"}
    world.cluster.set_status(made.pod_name, {"phase": "Pending", "conditions": [scheduled]})
    pulling = {
        "metadata": {},
        "type": "Normal",
        "reason": "Pulling",
        "message": 'Pulling image "x"',
        "lastTimestamp": "2026-03-01T12:00:02Z",
    }
    world.cluster.events[pod["metadata"]["uid"]] = [pulling]
    now = world.describe(ALICE, made.id)
    assert (now.status, now.reason, now.message) == ("pending", "Pulling", 'Pulling image "x"')


def test_nothing_is_written_when_nothing_changed(world):
    made = world.create()
    first = world.describe(ALICE, made.id)
    assert world.describe(ALICE, made.id) == first == world.recorded(made)


def test_a_running_weaver_is_looked_at_only_when_asked_to(world):
    made = world.created_and_running()
    world.cluster.calls.clear()
    assert world.describe(ALICE, made.id) == made
    assert world.cluster.calls == []
    world.cluster.pods.clear()
    gone = world.describe(ALICE, made.id, refresh=True)
    assert (gone.status, gone.reason, gone.ended_at) == ("failed", "PodGone", NOW)
    assert world.cluster.calls == ["get_pod"]


def test_a_pending_weaver_whose_pod_is_still_being_made_stays(world):
    made = world.store.reserve(reservation())
    assert world.describe(ALICE, made.id) == made
    world.clock.advance(CREATE_GRACE)
    never_made = world.describe(ALICE, made.id)
    assert (never_made.status, never_made.reason) == ("failed", "CreateFailed")
    assert world.living() == []


def test_a_weaver_on_its_way_out_has_ended_once_its_pod_is_gone(world):
    made = world.created_and_running()
    world.stop(ALICE, made.id)
    assert world.describe(ALICE, made.id).status == "terminating"
    world.cluster.settle()
    gone = world.describe(ALICE, made.id)
    assert (gone.status, gone.reason, gone.ended_at) == ("succeeded", "Deleted", NOW)
    assert world.store.keep_until == {made.id: NOW + timedelta(days=30)}
    world.cluster.calls.clear()
    assert world.describe(ALICE, made.id, refresh=True) == gone
    assert world.cluster.calls == []


def test_a_pod_deleted_by_others_takes_its_weaver_along(world):
    made = world.created_and_running()
    world.cluster.delete_pod(made.pod_name)
    assert world.describe(ALICE, made.id, refresh=True).status == "terminating"
    world.cluster.settle()
    assert world.describe(ALICE, made.id).ended_at == NOW


def test_the_decision_of_somebody_quicker_is_what_is_told(world):
    made = world.create()
    world.cluster.set_status(made.pod_name, RUNNING)
    world.meanwhile("before update", lambda _record: world.store.update(terminating(made)))
    assert world.describe(ALICE, made.id).reason == "Deleted"


def test_a_cluster_that_does_not_answer_is_told(world):
    made = world.create()
    world.cluster.failures["get_pod"] = ClusterTimeout("no answer in 10 s")
    with pytest.raises(ClusterTimeout):
        world.describe(ALICE, made.id)


@pytest.mark.parametrize("how", ["full id", "short id", "name", "prefix of name", "prefix of id"])
def test_what_people_type_is_resolved(world, how):
    made = world.create(name="payments")
    typed = {
        "full id": made.id,
        "short id": ids.short_id(made.id),
        "name": "payments",
        "prefix of name": "pay",
        "prefix of id": made.id[:20],
    }[how]
    assert world.describe(ALICE, typed).id == made.id


@pytest.mark.parametrize("how", ["full id", "short id", "name", "prefix of name", "prefix of id"])
def test_what_is_not_yours_is_not_there(world, how):
    made = world.create(name="payments")
    typed = {
        "full id": made.id,
        "short id": ids.short_id(made.id),
        "name": "payments",
        "prefix of name": "pay",
        "prefix of id": made.id[:20],
    }[how]
    with pytest.raises(NotFound) as hidden:
        world.describe(BOB, typed)
    never = typed[:-1] + ("0" if typed[-1] != "0" else "1")
    with pytest.raises(NotFound) as missing:
        world.describe(BOB, never)
    assert str(hidden.value).replace(typed, "?") == str(missing.value).replace(never, "?")


def test_an_ambiguous_prefix_lists_only_what_one_may_see(world):
    ours = [world.create(name="web-one"), world.create(name="web-two")]
    world.create(BOB, name="web-bobs")
    with pytest.raises(AmbiguousId) as ambiguous:
        world.describe(ALICE, "web")
    assert {told["id"] for told in ambiguous.value.details["candidates"]} == {one.id for one in ours}
    assert "bobs" not in str(ambiguous.value)


def test_members_see_the_weavers_of_their_org(world):
    made = world.create(MEMBER, org_id="org-blue", name="shared")
    assert world.describe(OTHER_MEMBER, "shared").id == made.id
    assert world.describe(OTHER_MEMBER, made.id).id == made.id
    with pytest.raises(NotFound):
        world.describe(BOB, "shared")


def test_support_sees_everything_by_id(world):
    made = world.create()
    assert world.describe(SUPPORT, made.id).id == made.id


def test_an_ended_weaver_is_found_by_its_full_id_only(world):
    made = world.created_and_running(name="old")
    world.stop(ALICE, made.id)
    world.cluster.settle()
    world.describe(ALICE, made.id)
    assert world.describe(ALICE, made.id).ended_at
    with pytest.raises(NotFound):
        world.describe(ALICE, "old")


class TestList:
    """Which weavers a list shows to whom."""

    def listed(self, world: World, principal: Principal, **wanted: Any) -> list[str]:
        return [one.id for one in world.describe.list(principal, Listing(**wanted)).weavers]

    def test_without_a_wish_ones_own(self, world):
        made = world.create()
        world.create(BOB)
        assert self.listed(world, ALICE) == [made.id]
        assert self.listed(world, ALICE, owner_user_id=ALICE.user_id) == [made.id]

    def test_an_org_is_for_its_members(self, world):
        made = world.create(MEMBER, org_id="org-blue")
        mine = world.create(OTHER_MEMBER, org_id="org-blue")
        assert set(self.listed(world, OTHER_MEMBER, org_id="org-blue")) == {made.id, mine.id}
        assert self.listed(world, OTHER_MEMBER, org_id="org-blue", owner_user_id=MEMBER.user_id) == [made.id]
        for stranger in (ALICE, Principal("user-x", "org-x", {"org-red": "org_owner"})):
            with pytest.raises(Forbidden):
                self.listed(world, stranger, org_id="org-blue")

    def test_another_users_are_for_the_system_roles(self, world):
        made = world.create()
        with pytest.raises(Forbidden):
            self.listed(world, BOB, owner_user_id=ALICE.user_id)
        assert self.listed(world, SUPPORT, owner_user_id=ALICE.user_id) == [made.id]
        assert self.listed(world, SUPPORT, org_id=ALICE.personal_org_id) == [made.id]

    def test_filters(self, world):
        red = world.created_and_running(tags={"team": "red", "stage": "x"})
        blue = world.create(tags={"team": "blue", "stage": "x"})
        assert self.listed(world, ALICE, tags={"team": "red"}) == [red.id]
        assert self.listed(world, ALICE, tags={"team": "red", "stage": "y"}) == []
        assert self.listed(world, ALICE, tags={"nothing": ""}) == []
        assert self.listed(world, ALICE, status="pending") == [blue.id]
        assert set(self.listed(world, ALICE, tags={"stage": "x"})) == {red.id, blue.id}

    def test_history_is_apart(self, world):
        kept, old = world.create(), world.created_and_running()
        world.stop(ALICE, old.id)
        world.cluster.settle()
        world.describe(ALICE, old.id)
        assert self.listed(world, ALICE) == [kept.id]
        assert self.listed(world, ALICE, ended=True) == [old.id]

    def test_a_page_without_a_match_has_a_next_one(self, world):
        for minute in range(3):
            tags = {"wanted": "yes"} if minute == 0 else {}
            world.store.reserve(reservation(weaver(created_at=NOW + minute * MINUTE, tags=tags)))
        seen, cursor = [], None
        for _ in range(3):
            page = world.describe.list(ALICE, Listing(tags={"wanted": "yes"}, limit=1, cursor=cursor))
            seen.append(len(page.weavers))
            cursor = page.next_cursor
        assert (seen, cursor) == ([0, 0, 1], None)

    def test_a_bad_cursor_is_the_clients_mistake(self, world):
        with pytest.raises(InvalidRequest):
            self.listed(world, ALICE, cursor="nonsense")

    def test_a_list_right_after_a_create_shows_it(self, world):
        made = world.create()
        assert world.describe.list(ALICE, Listing()).weavers == [made]
