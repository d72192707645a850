"""``loom delete``: end weavers, and wait until they are gone if that is asked for."""

import argparse
from collections.abc import Iterator, Sequence

from loom.cli.exit_codes import INTERRUPTED
from loom.cli.options import api_of, checked_reference, seconds
from loom.cli.output import out_json, say
from loom.cli.references import explained
from loom.client.api import Api
from loom.client.errors import ApiError, LoomError, UsageError

#: One that was named, its full id where that is known, and what went wrong, if anything did.
_Outcome = tuple[str, str, LoomError | None]


def run(options: argparse.Namespace) -> int:
    """``loom delete REF...``: all that can be deleted are. Returns the worst exit code."""
    references = [*dict.fromkeys(checked_reference(reference) for reference in options.references)]
    if options.timeout and not options.wait:
        raise UsageError("--timeout is for --wait: give that, too")
    timeout = seconds(options.timeout or "60", "--timeout")
    api = api_of(options)
    outcomes = _deletions(api, references, wanted_id=options.json or options.wait)
    deleted, failed = [], []
    try:
        for reference, weaver_id, error in _gone(api, outcomes, timeout) if options.wait else outcomes:
            say(f"{reference}: {error}" if error else f"deleted {reference}")
            if error:
                failed.append((reference, error))
            else:
                deleted.append(weaver_id)
    except KeyboardInterrupt:
        say("interrupted; what was deleted is on its way out all the same")
        return INTERRUPTED
    if options.json:
        told = [{"reference": name, "code": error.code, "message": str(error)} for name, error in failed]
        out_json({"deleted": deleted, "failed": told})
    return max((error.exit_code for _, error in failed), default=0)


def _deletions(api: Api, references: Sequence[str], *, wanted_id: bool) -> Iterator[_Outcome]:
    """The full id costs a question: the API's answer to a delete is empty."""
    away: LoomError | None = None
    for reference in references:
        weaver_id = reference
        try:
            if away:
                raise away  # asking for each of the rest would take as long again
            weaver_id = str(api.get(reference)["id"]) if wanted_id else reference
            api.delete(weaver_id)
            yield reference, weaver_id, None
        except ApiError as error:
            yield reference, weaver_id, explained(api, reference, error)
        except LoomError as error:
            away = error
            yield reference, weaver_id, error


def _gone(api: Api, outcomes: Iterator[_Outcome], timeout: float) -> Iterator[_Outcome]:
    from loom.cli.gone import until_gone
    from loom.cli.in_place import InPlace

    going: dict[str, str] = {}
    for reference, weaver_id, error in outcomes:
        if error:
            yield reference, weaver_id, error
        else:
            going.setdefault(weaver_id, reference)
    shown = InPlace.on_stderr()
    for weaver_id, error in until_gone(api, going, timeout, shown):
        shown.clear()
        yield going[weaver_id], weaver_id, error
