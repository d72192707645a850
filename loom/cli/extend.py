"""``loom extend``: another lifetime for a weaver."""

import argparse
from datetime import UTC, datetime

from loom.cli.options import api_of, checked_reference, lifetime_hours
from loom.cli.output import out_json, say
from loom.cli.references import explained, found
from loom.cli.times import until
from loom.client.api import Api
from loom.client.errors import ApiError, ProtocolError
from loom.printable import printable


def run(options: argparse.Namespace) -> int:
    """``loom extend REF TIME``."""
    reference = checked_reference(options.reference)
    hours = lifetime_hours(options.lifetime.removeprefix("+"), "TIME")
    api = api_of(options)
    if options.lifetime.startswith("+"):
        reference, present = _present(api, reference)
        hours += present
    try:
        weaver = api.extend(reference, hours)
    except ApiError as error:
        raise explained(api, reference, error) from error
    if options.json:
        out_json(weaver)
    else:
        end = weaver.get("expires_at")
        say(printable(f"{options.reference} ends {until(end, datetime.now(UTC))}, at {end}"))
    return 0


def _present(api: Api, reference: str) -> tuple[str, float]:
    """The full id and the present lifetime. What is asked for then is a lifetime again: repeating it adds nothing twice."""
    weaver = found(api, reference)
    hours = weaver.get("lifetime_hours")
    if not isinstance(hours, int | float):
        raise ProtocolError("the API does not tell the weaver's lifetime")
    return str(weaver["id"]), hours
