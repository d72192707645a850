"""Lifetime arithmetic: hours from creation, fractions allowed, capped."""

import math
from datetime import datetime, timedelta
from typing import Final

from chalicelib.domain.errors import InvalidLifetime

DEFAULT_HOURS: Final = 4.0
MAX_HOURS: Final = 48.0
#: Shorter is a mistake: the sweep comes once a minute.
MIN_HOURS: Final = 1 / 3600
#: The kubelet's own deadline, the last line when the control plane is down. Always beyond the cap: Kubernetes refuses to
#: raise it later (422), so it cannot follow the lifetime.
ACTIVE_DEADLINE_SECONDS: Final = int(MAX_HOURS * 3600) + 15 * 60


def checked_hours(hours: float) -> float:
    """``hours`` if it is a lifetime a weaver may have. Raises InvalidLifetime."""
    if not math.isfinite(hours) or not MIN_HOURS <= hours <= MAX_HOURS:
        raise InvalidLifetime(f"lifetime_hours must be more than 0 and at most {MAX_HOURS:g}", field="lifetime_hours")
    return hours


def expires_at(created_at: datetime, hours: float) -> datetime:
    """The moment a weaver made at ``created_at`` with that lifetime expires, to the millisecond."""
    moment = created_at + timedelta(hours=hours)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def in_words(hours: float) -> str:
    """A lifetime as people say it: ``4 h``, ``1.5 h``, ``20 min``, ``10 s``."""
    seconds = hours * 3600
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{hours:.3g} h" if hours >= 1 else f"{seconds / 60:.3g} min"
