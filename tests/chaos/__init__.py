"""How long the suites run that look for one bad order of events among very many.

``WEAVERS_CHAOS=full`` is their full length (`make chaos`); without it they take the seconds that every run of the tests can spare.
"""

import os
from typing import Final

FULL: Final = os.environ.get("WEAVERS_CHAOS") == "full"


def length(*, full: int, short: int) -> int:
    """How many rounds, steps or examples."""
    return full if FULL else short
