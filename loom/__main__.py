"""``python -m loom``: the same as the ``loom`` command."""

import sys

from loom.cli.main import main

sys.exit(main())
