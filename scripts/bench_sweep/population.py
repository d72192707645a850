"""The weavers that the sweep is measured with: the same for the table, the pods and the sweep, each made in its own process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chalicelib.domain import ids, lifetime
from chalicelib.domain.weaver import Weaver

#: What a user and an org may have by default (``LOOM_USER_LIMIT``, ``LOOM_ORG_LIMIT``).
_OF_A_USER: Final = 16
_OF_AN_ORG: Final = 64
_LONG: Final = 48.0
_SHORT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Population:
    """``size`` running weavers at the moment ``now``. ``expired`` of them have in the last hour, the rest has a day to live."""

    size: int
    expired: int
    now: datetime

    def weavers(self) -> Iterator[Weaver]:
        """By id, which is in the order of creation: between two hours and one hour ago."""
        for number in range(self.size):
            created_at = self.now - timedelta(hours=2) + timedelta(hours=1) * number / self.size
            hours = _LONG if number % (self.size // self.expired) else _SHORT
            user = number % -(-self.size // _OF_A_USER)
            yield Weaver(
                id=ids.new_weaver_id(created_at, number.to_bytes(10, "big")),
                owner_user_id=f"user-{user:06}",
                org_id=f"org-{user * _OF_A_USER // _OF_AN_ORG:06}",
                image="registry.example/team/tools:2026.03",
                created_at=created_at,
                lifetime_hours=hours,
                expires_at=lifetime.expires_at(created_at, hours),
                status="running",
                stages=dict.fromkeys(("reserved", "scheduled", "pulled", "cloned", "ready"), created_at),
                repo=f"https://git.example/team/service-{number % 50}",
                tags={"team": "payments"},
                has_session=True,
                pod_uid=f"00000000-0000-4000-8000-{number:012}",
                version=4,
            )
