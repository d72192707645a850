"""An extension and the sweep that expires the same weaver, at the same instant, over and over (DESIGN §10, promise 3)."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.domain.errors import WeaverEnded
from chalicelib.domain.weaver import Weaver
from chalicelib.services.sweep import SweepReport
from tests.chalicelib.races.together import Meeting, at_once
from tests.chalicelib.samples import ALICE
from tests.chalicelib.services.world import World
from tests.chaos import length

pytestmark = [
    pytest.mark.needs_dynamodb_local,
    pytest.mark.timeout(length(full=1200, short=120)),
    pytest.mark.xdist_group("races"),
]

ROUNDS = length(full=1000, short=150)
#: Where the two meet: as they begin, when the sweep has read what is due, and when both have decided and write.
MEETINGS = (("before due", "before get"), ("after due", "before get"), ("before update", "before update"))
#: How much each extension adds: a weaver could be extended nine hundred times by it, if it won so often in a row.
HOURS = 0.05


def outcome_of_a_round(world: World, weaver: Weaver, meeting: Meeting) -> Weaver | None:
    """The extended weaver, or None when the sweep won. Fails when both won, or neither did."""
    world.clock.now = weaver.expires_at
    world.watcher = meeting
    hours = weaver.lifetime_hours + HOURS
    extension, swept = at_once([partial(world.extend, ALICE, weaver.id, hours), partial(world.sweep, reconcile=False)])
    assert isinstance(swept, SweepReport)
    assert swept.failed_count == 0
    record, pod = world.recorded(weaver), world.cluster.pods[weaver.pod_name]
    if isinstance(extension, Weaver):
        assert record == extension
        assert record.status == "running"
        assert record.expires_at > world.clock.now
        assert "deletionTimestamp" not in pod["metadata"]
        return extension
    assert isinstance(extension, WeaverEnded)
    assert (record.status, record.reason, record.expires_at) == ("terminating", "Expired", weaver.expires_at)
    assert "deletionTimestamp" in pod["metadata"]
    return None


def test_either_the_extension_wins_or_the_end_never_both(world: World, counted: Callable[[], tuple[int, int]]):
    weaver: Weaver | None = None
    won: Counter[bool] = Counter()
    for n in range(ROUNDS):
        weaver = weaver or world.created_and_running(lifetime_hours=1)
        weaver = outcome_of_a_round(world, weaver, Meeting(*MEETINGS[n % len(MEETINGS)]))
        won[weaver is not None] += 1
        world.cluster.settle()
    assert min(won[True], won[False]) > 0, "the two did not race"
    world.sweep()
    assert counted() == ((1, 1) if weaver else (0, 0))
