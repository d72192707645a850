"""What every WeaverStore must do. A test module subclasses StoreContract and gives the fixture ``store``, empty."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.errors import IdempotencyConflict, InvalidRequest, NameTaken, TooManyWeavers, VersionConflict
from chalicelib.domain.weaver import CREATE_GRACE, Resources, Weaver, awaited, ended, expired, pod_made
from chalicelib.services.ports import WeaverStore
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW, reservation, running, terminating, weaver

KEPT = NOW + timedelta(days=30)


def ended_in(store: WeaverStore, living: Weaver) -> Weaver:
    """``living``, which is in ``store``, at its end."""
    going = terminating(living)
    store.update(going)
    gone = ended(going, NOW + MINUTE)
    store.end(gone, KEPT)
    return gone


class StoreContract:
    """Reserving, versions, freeing, lists, what is due."""

    def test_nothing_is_there_at_first(self, store: WeaverStore):
        assert store.get(weaver().id) is None
        assert store.list_by_owner(ALICE.user_id, ended=False, limit=10, cursor=None).weavers == []
        assert list(store.due(NOW + timedelta(days=3))) == []
        store.ping()

    def test_a_reserved_weaver_is_found_at_once_with_every_field(self, store: WeaverStore):
        made = weaver(
            name="api",
            repo="https://git.example/o/r",
            branch="main",
            tags={"team": "blue", "ünï": "cödé"},
            resources=Resources("2Gi", "500m"),
            stages={"reserved": NOW, "scheduled": NOW + timedelta(milliseconds=1)},
            reason="Unschedulable",
            message="waiting for a node",
            has_session=True,
            lifetime_hours=0.25,
        )
        assert store.reserve(reservation(made)) == made
        assert store.get(made.id) == made
        assert store.list_by_owner(made.owner_user_id, ended=False, limit=10, cursor=None).weavers == [made]
        assert store.list_by_org(made.org_id, ended=False, limit=10, cursor=None).weavers == [made]

    def test_an_update_replaces_exactly_the_version_it_was_decided_from(self, store: WeaverStore):
        first = store.reserve(reservation())
        second = pod_made(first, "uid-1")
        store.update(second)
        assert store.get(first.id) == second
        assert store.list_by_owner(first.owner_user_id, ended=False, limit=10, cursor=None).weavers == [second]
        with pytest.raises(VersionConflict):
            store.update(pod_made(first, "uid-2"))
        with pytest.raises(VersionConflict):
            store.update(replace(second, version=second.version + 2))
        assert store.get(first.id) == second

    def test_what_was_never_reserved_cannot_be_updated_or_ended(self, store: WeaverStore):
        stranger = terminating(weaver())
        with pytest.raises(VersionConflict):
            store.update(stranger)
        with pytest.raises(VersionConflict):
            store.end(ended(stranger, NOW), KEPT)
        assert store.get(stranger.id) is None

    def test_an_ended_weaver_is_history(self, store: WeaverStore):
        living, other = store.reserve(reservation()), store.reserve(reservation())
        gone = ended_in(store, living)
        assert store.get(living.id) == gone
        for page in (
            store.list_by_owner(living.owner_user_id, ended=True, limit=10, cursor=None),
            store.list_by_org(living.org_id, ended=True, limit=10, cursor=None),
        ):
            assert page.weavers == [gone]
        assert store.list_by_owner(living.owner_user_id, ended=False, limit=10, cursor=None).weavers == [other]
        assert store.list_by_org(living.org_id, ended=False, limit=10, cursor=None).weavers == [other]

    def test_ending_twice_frees_once(self, store: WeaverStore):
        living = store.reserve(reservation(user_limit=2))
        store.reserve(reservation(user_limit=2))
        gone = ended_in(store, living)
        with pytest.raises(VersionConflict):
            store.end(gone, KEPT)
        store.reserve(reservation(user_limit=2))
        with pytest.raises(TooManyWeavers):
            store.reserve(reservation(user_limit=2))

    def test_a_name_is_the_owners_as_long_as_the_weaver_lives(self, store: WeaverStore):
        first = store.reserve(reservation(weaver(name="api")))
        with pytest.raises(NameTaken):
            store.reserve(reservation(weaver(name="api")))
        store.reserve(reservation(weaver(name="api", owner_user_id=BOB.user_id)))
        ended_in(store, first)
        store.reserve(reservation(weaver(name="api")))

    def test_a_refused_reservation_leaves_nothing(self, store: WeaverStore):
        store.reserve(reservation(weaver(name="api"), user_limit=2))
        refused = weaver(name="api")
        with pytest.raises(NameTaken):
            store.reserve(reservation(refused, idempotency_key="k"))
        assert store.get(refused.id) is None
        # neither a place, nor the key, nor another name was taken
        store.reserve(reservation(weaver(name="web"), user_limit=2, idempotency_key="k", request_hash="other"))

    @pytest.mark.parametrize("scope", ["user", "org"])
    def test_a_limit_counts_the_living(self, store: WeaverStore, scope):
        same = {"owner_user_id": "user-1"} if scope == "user" else {"org_id": "org-1"}

        def another() -> Weaver:
            others = {"owner_user_id": weaver().id, "org_id": weaver().id}
            limits: dict[str, Any] = {f"{scope}_limit": 3}
            return store.reserve(reservation(weaver(**others | same), **limits))

        made = [another() for _ in range(3)]
        with pytest.raises(TooManyWeavers) as refused:
            another()
        assert refused.value.details == {"scope": scope, "usage": 3, "limit": 3}
        ended_in(store, made[1])
        another()
        with pytest.raises(TooManyWeavers):
            another()

    def test_a_weaver_on_its_way_out_still_counts(self, store: WeaverStore):
        living = store.reserve(reservation(user_limit=1))
        store.update(terminating(living))
        with pytest.raises(TooManyWeavers):
            store.reserve(reservation(user_limit=1))

    @pytest.mark.parametrize("scope", ["user", "org"])
    def test_a_limit_of_zero_makes_none(self, store: WeaverStore, scope):
        limits: dict[str, Any] = {f"{scope}_limit": 0}
        with pytest.raises(TooManyWeavers):
            store.reserve(reservation(**limits))

    def test_the_same_key_answers_the_same_weaver_as_it_is_now(self, store: WeaverStore):
        first = store.reserve(reservation(idempotency_key="k", request_hash="h", user_limit=1))
        again = reservation(idempotency_key="k", request_hash="h", user_limit=1)
        assert store.reserve(again) == first
        made = pod_made(first, "uid-1")
        store.update(made)
        assert store.reserve(again) == made
        gone = ended_in(store, made)
        assert store.reserve(again) == gone
        assert store.get(again.weaver.id) is None

    def test_a_repeated_create_with_a_name_is_not_in_its_own_way(self, store: WeaverStore):
        first = store.reserve(reservation(weaver(name="api"), idempotency_key="k"))
        assert store.reserve(reservation(weaver(name="api"), idempotency_key="k")) == first

    def test_the_same_key_for_another_request_is_a_conflict(self, store: WeaverStore):
        store.reserve(reservation(idempotency_key="k", request_hash="h"))
        with pytest.raises(IdempotencyConflict):
            store.reserve(reservation(idempotency_key="k", request_hash="other"))

    def test_keys_are_scoped_to_the_owner(self, store: WeaverStore):
        store.reserve(reservation(idempotency_key="k", request_hash="h"))
        bobs = weaver(owner_user_id=BOB.user_id, org_id=BOB.personal_org_id)
        assert store.reserve(reservation(bobs, idempotency_key="k", request_hash="other")) == bobs

    def test_a_key_is_forgotten_after_a_day(self, store: WeaverStore):
        store.reserve(reservation(idempotency_key="k", request_hash="h"))
        later = weaver(created_at=NOW + timedelta(hours=24, seconds=2))
        assert store.reserve(reservation(later, idempotency_key="k", request_hash="other")) == later

    def test_lists_are_pages_newest_first(self, store: WeaverStore):
        made = [store.reserve(reservation(weaver(created_at=NOW + n * MINUTE))) for n in range(5)]
        store.reserve(reservation(weaver(owner_user_id=BOB.user_id, org_id=BOB.personal_org_id)))
        for one_page in (
            partial(store.list_by_owner, ALICE.user_id),
            partial(store.list_by_org, ALICE.personal_org_id),
        ):
            page = one_page(ended=False, limit=2, cursor=None)
            seen = [*page.weavers]
            while page.next_cursor:
                page = one_page(ended=False, limit=2, cursor=page.next_cursor)
                assert len(page.weavers) <= 2
                seen.extend(page.weavers)
                assert len(seen) <= len(made)
            assert seen == made[::-1]

    def test_a_cursor_that_is_none_of_ours_is_refused(self, store: WeaverStore):
        for cursor in ("", "nonsense", "../../x", "9" * 5000):
            with pytest.raises(InvalidRequest):
                store.list_by_owner(ALICE.user_id, ended=False, limit=2, cursor=cursor)
            with pytest.raises(InvalidRequest):
                store.list_by_org(ALICE.personal_org_id, ended=False, limit=2, cursor=cursor)

    def test_a_cursor_of_somebody_elses_list_opens_no_door(self, store: WeaverStore):
        foreign = store.reserve(reservation(weaver(owner_user_id=BOB.user_id, org_id=BOB.personal_org_id)))
        mine = store.reserve(reservation(weaver(created_at=NOW - MINUTE)))
        page = store.list_by_owner(ALICE.user_id, ended=False, limit=10, cursor=foreign.id)
        assert page.weavers == [mine]

    def test_what_is_due(self, store: WeaverStore):
        unmade = store.reserve(reservation())
        living = store.reserve(reservation(weaver(lifetime_hours=1)))
        store.update(running(living))
        starting = store.reserve(reservation(weaver(lifetime_hours=9)))
        store.update(pod_made(starting, "uid"))
        going = store.reserve(reservation())
        store.update(terminating(going))
        gone = store.reserve(reservation())
        ended_in(store, gone)

        def due(after: timedelta) -> set[str]:
            return {one.id for one in store.due(NOW + after)}

        instant = timedelta(milliseconds=1)
        assert due(CREATE_GRACE - instant) == {starting.id, going.id}
        assert due(CREATE_GRACE) == {starting.id, going.id, unmade.id}
        assert due(timedelta(hours=1) - instant) == {starting.id, going.id, unmade.id}
        assert due(timedelta(hours=1)) == {starting.id, going.id, unmade.id, living.id}
        assert due(timedelta(days=9)) == {starting.id, going.id, unmade.id, living.id}

    def test_a_weaver_whose_pod_is_awaited_moves_behind_what_waited_longer(self, store: WeaverStore):
        going = terminating(store.reserve(reservation()))
        store.update(going)
        unmade = store.reserve(reservation())
        store.update(awaited(going, NOW + CREATE_GRACE + MINUTE))
        assert [one.id for one in store.due(NOW + CREATE_GRACE + MINUTE)] == [unmade.id, going.id]

    def test_a_new_lifetime_moves_when_it_is_due(self, store: WeaverStore):
        made = running(store.reserve(reservation(weaver(lifetime_hours=1))))
        store.update(made)
        store.update(replace(made, expires_at=NOW + timedelta(hours=2), lifetime_hours=2, version=made.version + 1))
        assert list(store.due(NOW + timedelta(hours=1, minutes=59))) == []
        assert [one.expires_at for one in store.due(NOW + timedelta(hours=2))] == [NOW + timedelta(hours=2)]

    def test_the_longest_due_come_first(self, store: WeaverStore):
        for n in range(24):
            made = store.reserve(reservation(weaver(lifetime_hours=(n * 5 % 24 + 1) / 60)))
            store.update(running(made))
        minutes = [round(one.lifetime_hours * 60) for one in store.due(NOW + timedelta(hours=1))]
        assert minutes == list(range(1, 25))

    def test_what_is_due_is_walked_while_it_changes(self, store: WeaverStore):
        """As the sweep does: what it tells to go is due again, behind all the others."""
        made = [running(store.reserve(reservation(weaver(lifetime_hours=n / 60)))) for n in range(1, 25)]
        for one in made:
            store.update(one)
        met = []
        for one in store.due(NOW + timedelta(hours=1)):
            if one.id in met:
                break
            store.update(expired(one, NOW + timedelta(hours=1)))
            met.append(one.id)
        assert met == [one.id for one in made]
