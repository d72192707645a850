"""Ages as kubectl shows them (``k8s.io/apimachinery/pkg/util/duration``, HumanDuration)."""

from datetime import datetime
from typing import Final

from local.kube.objects import parse_time

_DAYS_OF_YEAR: Final = 365


def age(text: str | None, now: datetime) -> str:
    """How long ago the moment ``text`` was: ``17s``, ``5m30s``, ``3d``."""
    return human_duration(int((now - parse_time(text)).total_seconds())) if text else "<unknown>"


def human_duration(seconds: int) -> str:
    """Two digits of precision, or so."""
    minutes, hours = seconds // 60, seconds // 3600
    days, years = hours // 24, hours // 24 // _DAYS_OF_YEAR
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _both(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _both(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _both(days, "d", hours % 24, "h")
    if years < 2:
        return f"{days}d"
    return _both(years, "y", days % _DAYS_OF_YEAR, "d") if years < 8 else f"{years}y"


def _both(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
