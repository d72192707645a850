"""What a weaver is called: pure, and imports no more than it needs, as every list does."""

from collections.abc import Mapping
from typing import Any

from loom.printable import printable


def short_id(weaver: Mapping[str, Any]) -> str:
    """What people type: the last eight digits of the id."""
    return printable(str(weaver.get("short_id") or weaver["id"][-8:]))


def label(weaver: Mapping[str, Any]) -> str:
    """How a weaver is called: its name, or its short id."""
    return printable(str(weaver.get("name") or "")) or short_id(weaver)
