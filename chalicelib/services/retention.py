"""How long the history of ended weavers is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """``days`` after the end (``LOOM_HISTORY_DAYS``)."""

    days: float

    def until(self, ended_at: datetime) -> datetime:
        """When the record may be forgotten."""
        return ended_at + timedelta(days=self.days)
