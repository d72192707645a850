import io
import os
import termios

import pytest

from loom.cli.output import columns


@pytest.mark.parametrize(("told", "width"), [("132", 132), ("", 101), ("0", 101), ("-5", 101), ("wide", 101)])
def test_how_wide_a_terminal_is(monkeypatch, told, width):
    monkeypatch.setenv("COLUMNS", told)
    master, slave = os.openpty()
    try:
        termios.tcsetwinsize(slave, (24, 101))
        with os.fdopen(slave, "w") as terminal:
            assert columns(terminal) == width
    finally:
        os.close(master)


def test_what_is_no_terminal_is_80_wide(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert columns(io.StringIO()) == 80
