"""What a dependency imports for nothing, and everybody waits for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(name: str) -> Iterator[None]:
    """Within the block the module ``name`` is empty, unless it was imported before."""
    empty = ModuleType(name)
    found = sys.modules.setdefault(name, empty)
    try:
        yield
    finally:
        if found is empty:
            del sys.modules[name]
