"""``loom delete``: end weavers."""

import argparse

from loom.cli.options import api_of, checked_reference
from loom.cli.output import say
from loom.client.errors import ApiError


def run(options: argparse.Namespace) -> int:
    """``loom delete REF...``: all that can be deleted are. Returns the worst exit code."""
    references = [checked_reference(reference) for reference in options.references]
    api = api_of(options)
    worst = 0
    for reference in references:
        try:
            api.delete(reference)
            say(f"deleted {reference}")
        except ApiError as error:
            say(f"{reference}: {error}")
            worst = max(worst, error.exit_code)
    return worst
