"""Times as people say them: pure, ``now`` is an argument."""

from datetime import datetime


def parsed(text: object) -> datetime | None:
    """An RFC 3339 time, None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def span(seconds: float) -> str:
    """A length of time in its two largest units: ``45s``, ``12m``, ``3h59m``, ``1d02h``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 24 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def until(text: object, now: datetime) -> str:
    """``in 3h59m``, ``over`` for a time that has passed; empty for what is no time."""
    moment = parsed(text)
    if moment is None:
        return ""
    return f"in {span((moment - now).total_seconds())}" if moment > now else "over"


def since(text: object, now: datetime) -> str:
    """``5m ago``, also where this clock is a little behind; empty for what is no time."""
    moment = parsed(text)
    return f"{span(max(0.0, (now - moment).total_seconds()))} ago" if moment else ""
