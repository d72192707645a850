"""``loom attach``: one request, whose answer is waited for while the terminal's part is imported, and one WebSocket."""

import argparse
from typing import TYPE_CHECKING

from loom.cli.exit_codes import INTERRUPTED
from loom.cli.labels import label
from loom.cli.options import api_of, checked_reference
from loom.cli.output import on_terminal, say
from loom.cli.references import explained
from loom.client.errors import ApiError, UsageError

if TYPE_CHECKING:
    from loom.wire import Role


def run(options: argparse.Namespace) -> int:
    """``loom attach REF``. Returns the exit code that :func:`loom.cli.farewell.farewell` tells."""
    reference = checked_reference(options.reference)
    if not on_terminal():
        raise UsageError("attach needs a terminal: both stdin and stdout must be one")
    role: Role = "observer" if options.observe else "driver"
    api = api_of(options)
    api.ask_for_entry(reference, role)
    from loom.cli.attached import be_terminal, record_of, tickets_for
    from loom.cli.farewell import come_back

    try:
        weaver, ticket = api.entry(reference, role)
    except ApiError as error:
        raise explained(api, reference, error) from error
    try:
        new_ticket, record = tickets_for(options, weaver, role), record_of(options, weaver)
        return be_terminal(weaver, ticket, new_ticket, record, observing=options.observe)
    except KeyboardInterrupt:
        say(f"interrupted while waiting for {label(weaver)}; {come_back(weaver)}")
        return INTERRUPTED
