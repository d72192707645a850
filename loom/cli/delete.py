"""``loom delete``: end weavers."""

import argparse

from loom.cli.options import api_of, checked_reference
from loom.cli.output import out_json, say
from loom.cli.references import explained
from loom.client.api import Api
from loom.client.errors import ApiError


def run(options: argparse.Namespace) -> int:
    """``loom delete REF...``: all that can be deleted are. Returns the worst exit code."""
    references = [checked_reference(reference) for reference in options.references]
    api = api_of(options)
    deleted, failed = [], []
    worst = 0
    for reference in references:
        try:
            deleted.append(_delete(api, reference, wanted_id=options.json))
            say(f"deleted {reference}")
        except ApiError as error:
            told = explained(api, reference, error)
            say(f"{reference}: {told}")
            failed.append({"reference": reference, "code": told.code, "message": str(told)})
            worst = max(worst, told.exit_code)
    if options.json:
        out_json({"deleted": deleted, "failed": failed})
    return worst


def _delete(api: Api, reference: str, *, wanted_id: bool) -> str:
    """The full id if that is wanted, which costs a question: the API's answer to a delete is empty."""
    weaver_id = str(api.get(reference)["id"]) if wanted_id else reference
    api.delete(weaver_id)
    return weaver_id
