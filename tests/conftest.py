"""What holds for all tests: nothing from the environment of whoever runs them, and what to do about missing programs."""

import os
import shutil

import pytest
from hypothesis import settings

# The machine may be busy and shared: an example that took long says nothing about the code.
settings.register_profile("weavers", deadline=None)
settings.load_profile("weavers")

#: marker -> (program it needs, the command that installs it)
_OPTIONAL_PROGRAMS = {"needs_bwrap": ("bwrap", "apt-get install bubblewrap")}


def pytest_configure() -> None:
    """Forget the LOOM_* settings of the person running the tests; processes started by tests inherit that."""
    for name in [name for name in os.environ if name.startswith("LOOM_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a program that is not there, naming the command that installs it."""
    for marker, (program, install) in _OPTIONAL_PROGRAMS.items():
        if shutil.which(program) is None:
            reason = f"{program} is not installed: {install}"
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=reason))
