"""What every ReconciliationStore must do. A test module subclasses ReconciliationContract and gives the fixture ``stores``."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import TooManyWeavers, VersionConflict
from chalicelib.domain.sweep_plan import Counter, Cursor, Living
from chalicelib.domain.weaver import ended
from chalicelib.services.ports import ReconciliationStore, WeaverStore
from tests.chalicelib.samples import ALICE, BOB, MINUTE, NOW, reservation, running, terminating, weaver

OWNER, ORG = f"owner#{ALICE.user_id}", f"org#{ALICE.personal_org_id}"

#: One table or dictionary, seen as both.
Stores = tuple[WeaverStore, ReconciliationStore]


class ReconciliationContract(ABC):
    """Living records by id, counters, the cursor."""

    @abstractmethod
    def miscount(self, stores: Stores, name: str, by: int) -> None:
        """Somebody's hand, or a bug, lets the counter be wrong."""

    def test_the_living_by_id(self, stores: Stores):
        records, reconciliation = stores
        made = [records.reserve(reservation(weaver(created_at=NOW + n * MINUTE))) for n in range(9)]
        records.update(running(made[1]))
        going = terminating(made[2])
        records.update(going)
        gone = terminating(made[3])
        records.update(gone)
        records.end(ended(gone, NOW + MINUTE), NOW + timedelta(days=1))
        everyone = reconciliation.living("default", "", None, 100)
        assert [one.id for one in everyone] == [one.id for one in made if one is not made[3]]
        assert everyone[:3] == [
            Living(made[0].id, "pending"),
            Living(made[1].id, "running"),
            Living(made[2].id, "terminating"),
        ]
        assert reconciliation.living("default", "", None, 3) == everyone[:3]
        assert reconciliation.living("default", made[0].id, None, 100) == everyone[1:]
        assert reconciliation.living("default", made[0].id, made[5].id, 100) == everyone[1:5]
        assert reconciliation.living("default", made[0].id, made[5].id, 2) == everyone[1:3]
        assert reconciliation.living("default", made[3].id, made[3].id, 2) == []
        assert reconciliation.living("default", "", "", 2) == []
        assert reconciliation.living("default", made[8].id, None, 2) == []

    def test_the_living_of_each_cluster_apart(self, stores: Stores):
        records, reconciliation = stores
        made = [
            records.reserve(reservation(weaver(created_at=NOW + n * MINUTE, cluster=("default", "eu", "e")[n % 3])))
            for n in range(9)
        ]
        for name in ("default", "eu", "e"):
            expected = [one.id for one in made if one.cluster == name]
            assert [one.id for one in reconciliation.living(name, "", None, 100)] == expected
        gone = terminating(made[1])
        records.update(gone)
        records.end(ended(gone, NOW + MINUTE), NOW + timedelta(days=1))
        assert [one.id for one in reconciliation.living("eu", "", None, 100)] == [made[4].id, made[7].id]
        assert reconciliation.living("mars", "", None, 100) == []

    def test_counters_by_name_also_of_those_who_have_none_left(self, stores: Stores):
        records, reconciliation = stores
        assert reconciliation.counters("", 10) == []
        records.reserve(reservation())
        bobs = records.reserve(reservation(weaver(owner_user_id=BOB.user_id, org_id=BOB.personal_org_id)))
        going = terminating(bobs)
        records.update(going)
        records.end(ended(going, NOW + MINUTE), NOW + timedelta(days=1))
        names = sorted([OWNER, ORG, f"owner#{BOB.user_id}", f"org#{BOB.personal_org_id}"])
        assert reconciliation.counters("", 10) == names
        assert reconciliation.counters("", 3) == names[:3]
        assert reconciliation.counters(names[2], 3) == names[3:]

    def test_a_counter_says_what_lives(self, stores: Stores):
        records, reconciliation = stores
        made = [records.reserve(reservation()) for _ in range(3)]
        going = terminating(made[0])
        records.update(going)
        before = reconciliation.counter(OWNER)
        assert (before.counted, before.living) == (3, 3)
        records.end(ended(going, NOW + MINUTE), NOW + timedelta(days=1))
        after = reconciliation.counter(OWNER)
        assert (after.counted, after.living) == (2, 2)
        assert after.version != before.version

    def test_a_repair_lets_the_counter_say_what_is_so(self, stores: Stores):
        records, reconciliation = stores
        made = records.reserve(reservation(user_limit=5))
        self.miscount(stores, OWNER, 4)
        with pytest.raises(TooManyWeavers):
            records.reserve(reservation(user_limit=5))
        wrong = reconciliation.counter(OWNER)
        assert (wrong.counted, wrong.living) == (5, 1)
        reconciliation.repair(wrong)
        right = reconciliation.counter(OWNER)
        assert (right.counted, right.living) == (1, 1)
        records.reserve(reservation(user_limit=5))
        assert records.get(made.id) == made

    def test_a_counter_that_changed_since_it_was_read_is_not_repaired(self, stores: Stores):
        records, reconciliation = stores
        records.reserve(reservation())
        self.miscount(stores, ORG, 1)
        read = reconciliation.counter(ORG)
        records.reserve(reservation())
        with pytest.raises(VersionConflict):
            reconciliation.repair(read)
        assert reconciliation.counter(ORG).counted == 3

    def test_the_cursor_moves_by_its_version(self, stores: Stores):
        _, reconciliation = stores
        assert reconciliation.cursor() == Cursor()
        first = Cursor(after="a", pods_token="token", counter="owner#x", seen=7, version=1)
        reconciliation.move_cursor(first)
        assert reconciliation.cursor() == first
        with pytest.raises(VersionConflict):
            reconciliation.move_cursor(replace(first, after="b"))
        second = Cursor(version=2)
        reconciliation.move_cursor(second)
        assert reconciliation.cursor() == second

    def test_an_unknown_counter_counts_nothing(self, stores: Stores):
        assert stores[1].counter("owner#nobody") == Counter("owner#nobody", 0, 0, 0)
