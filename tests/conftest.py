"""What holds for all tests: nothing from the environment of whoever runs them, and what to do about missing programs."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from scripts import dynamodb_local
from tests.chaos import FULL

# The machine may be busy and shared: an example that took long says nothing about the code. What a change broke is told by the
# same examples each time; others are tried at full length.
settings.register_profile("weavers", deadline=None, derandomize=not FULL)
settings.load_profile("weavers")

#: marker -> (what it needs, the command that installs it), where it is not there
_MISSING = {
    marker: (program, install)
    for marker, program, install, there in (
        ("needs_bwrap", "bwrap", "apt-get install --no-install-recommends bubblewrap", shutil.which("bwrap")),
        ("needs_checkov", "checkov", "make .cache/checkov", shutil.which("checkov", path=".cache/checkov/bin")),
        ("needs_dynamodb_local", "DynamoDB Local", dynamodb_local.INSTALL, dynamodb_local.available()),
    )
    if not there
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """CI has every program: there, a test left out is a failure."""
    parser.addoption("--fail-on-skip", action="store_true", help="fail when a test was skipped")


def pytest_configure() -> None:
    """Forget the LOOM_* settings of the person running the tests; processes started by tests inherit that."""
    for name in [name for name in os.environ if name.startswith("LOOM_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a program that is not there, naming the command that installs it."""
    for marker, (program, install) in _MISSING.items():
        reason = f"{program} is not installed: {install}"
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Says last what was left out, and the one command that installs it."""
    yield
    skipped = len(terminalreporter.stats.get("skipped", ()))
    if skipped and _MISSING:
        names = ", ".join(name for name, _ in _MISSING.values())
        terminalreporter.write_line(f"{skipped} tests were left out for want of {names}:")
        for _, install in _MISSING.values():
            terminalreporter.write_line(f"  {install}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under --fail-on-skip, a skip ends the run as a failure does."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--fail-on-skip") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
