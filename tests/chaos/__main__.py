"""``python -m tests.chaos`` looks for what must never happen; ``make chaos`` does so at full length (``WEAVERS_CHAOS=full``).

The last line is ``chaos: points=N orphans=N leaks=N stuck=N wrong=N``. Exit code 0 when every generated point was looked at and
nothing was found. ``--plant`` puts a fault into the fakes, which must be found: then the exit code is 1.
"""

import argparse
import logging
import sys
import time
from collections.abc import Mapping, Sequence

from tests.chalicelib.services.world import World
from tests.chaos import FULL
from tests.chaos.counts import Counts
from tests.chaos.plants import PLANTS
from tests.chaos.suites import EVERYTHING, OVER_FAKES, Run, Suite


def main(words: Sequence[str], *, full: bool = FULL, suites: Mapping[str, Suite] | None = None) -> int:
    """The exit code. ``suites`` are run instead of those that the length and the plant ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Looks for what must never happen.")
    parser.add_argument("--plant", choices=PLANTS, help="a fault that must be found, over fakes")
    plant: str | None = parser.parse_args(words).plant
    run = Run(full, PLANTS[plant] if plant else World, planted=plant is not None)
    counts, wanted = Counts(), 0
    for name, suite in (suites or (EVERYTHING if full and not plant else OVER_FAKES)).items():
        begun = time.monotonic()
        result = suite(run)
        print(f"{name}: {result.counts} of {result.wanted} in {time.monotonic() - begun:.0f} s", flush=True)
        counts, wanted = counts + result.counts, wanted + result.wanted
    print(f"chaos: {counts}", flush=True)
    return 0 if counts.clean and counts.points >= wanted else 1


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # every fault is logged, and there are thousands
    sys.exit(main(sys.argv[1:]))
