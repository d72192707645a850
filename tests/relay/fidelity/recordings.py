"""What real programs wrote to a terminal (see :mod:`tests.relay.fidelity.record`)."""

import gzip
from pathlib import Path
from typing import Final

RECORDINGS: Final = Path(__file__).parents[2] / "recordings" / "terminal"
ROWS: Final = 24
COLS: Final = 80
NAMES: Final = ("vim", "htop", "less", "tmux", "progress", "wide", "shell")


def recorded(name: str) -> bytes:
    """Everything that the program wrote."""
    return gzip.decompress((RECORDINGS / f"{name}.vt.gz").read_bytes())


def long_cat(size: int) -> bytes:
    """Numbered lines, as many as there are in ``size`` bytes."""
    lines, length, number = [], 0, 0
    while length < size:
        lines.append(b"%d %s\r\n" % (number, b"word " * (number % 23)))
        length += len(lines[-1])
        number += 1
    return b"".join(lines)[:size]
