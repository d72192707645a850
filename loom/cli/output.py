"""Where things go: what a command answers to stdout, what it tells a person to stderr."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

#: Seconds after which a wait says what it waits for.
_PATIENCE = 3.0


def on_terminal() -> bool:
    """Whether a person sits there: stdin and stdout are both terminals."""
    return os.isatty(0) and os.isatty(1)


def columns(stream: TextIO) -> int:
    """How wide the terminal behind ``stream`` is; 80 when it is none. What ``shutil`` has for this brings three kinds of compression."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (ValueError, OSError):
        return 80


def say(text: str) -> None:
    """One line for the person."""
    sys.stderr.write(f"loom: {text}\n")
    sys.stderr.flush()


def out(text: str) -> None:
    """One line of what was asked for."""
    sys.stdout.write(f"{text}\n")


def out_json(value: object) -> None:
    """What was asked for, as the JSON that :mod:`loom.cli.schemas` describes."""
    import json

    out(json.dumps(value, indent=2))


def out_table(header: Sequence[str], rows: Sequence[Sequence[str]], colours: Mapping[int, Sequence[str]]) -> None:
    """A table that fits the terminal. ``colours`` gives a column's colour (SGR parameters, or nothing) in each row."""
    for line in table(header, rows, colours, columns(sys.stdout)):
        out(line)


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], colours: Mapping[int, Sequence[str]], room: int
) -> Iterator[str]:
    """The lines of :func:`out_table`, ``room`` columns wide at most."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for number, row in enumerate((header, *rows)):
        line = "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()
        line = line if len(line) <= room else line[: room - 1] + "…"
        for column, of_rows in colours.items():
            if number and of_rows[number - 1]:
                start = sum(widths[:column]) + 2 * column
                line = _coloured(line, start, start + len(row[column]), of_rows[number - 1])
        yield line


def in_colour() -> bool:
    """Whether stdout is a terminal that shows colours to somebody who wants them (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _coloured(line: str, start: int, end: int, colour: str) -> str:
    return f"{line[:start]}\x1b[{colour}m{line[start:end]}\x1b[0m{line[end:]}" if start < len(line) else line


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Say that ``what`` is waited for, if that lasts. What waits is a blocking call: only a signal can speak meanwhile."""
    before = signal.signal(signal.SIGALRM, lambda _number, _frame: say(f"waiting for {what}"))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
