"""What holds for all tests: nothing from the environment of whoever runs them, and what to do about missing programs."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The machine may be busy and shared: an example that took long says nothing about the code.
settings.register_profile("weavers", deadline=None)
settings.load_profile("weavers")

#: marker -> (program it needs, the command that installs it)
_OPTIONAL_PROGRAMS = {"needs_bwrap": ("bwrap", "apt-get install --no-install-recommends bubblewrap")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """CI has every program: there, a test left out is a failure."""
    parser.addoption("--fail-on-skip", action="store_true", help="fail when a test was skipped")


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


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Says last what was left out, and the one command that installs it."""
    yield
    skipped = len(terminalreporter.stats.get("skipped", ()))
    missing = [(program, install) for program, install in _OPTIONAL_PROGRAMS.values() if shutil.which(program) is None]
    if skipped and missing:
        terminalreporter.write_line(
            f"{skipped} tests were left out for want of {', '.join(name for name, _ in missing)}:"
        )
        for _, install in missing:
            terminalreporter.write_line(f"  {install}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under --fail-on-skip, a skip ends the run as a failure does."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--fail-on-skip") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
