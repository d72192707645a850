"""``python -m loom``: the same as the ``loom`` command."""

from loom.cli.main import entry

entry()
