"""The weaver that somebody means by what they typed."""

from itertools import islice

from loom.cli.labels import short_id
from loom.client.api import Api, Weaver
from loom.client.errors import ApiError, LoomError
from loom.client.nearest import did_you_mean

_NOT_FOUND = "weaver_not_found"
#: So many of those that have ended are looked through: it is mostly one of the last that somebody asks for.
_SEARCHED = 500


def found(api: Api, reference: str) -> Weaver:
    """The weaver. Raises ApiError, which tells of names that look alike when there is none of this one."""
    try:
        return api.get(reference)
    except ApiError as error:
        raise explained(api, reference, error) from error


def ended(api: Api, reference: str) -> Weaver | None:
    """The newest of one's own ended weavers that is called so, or begins so. The API knows these by their full ids alone.

    Raises LoomError.
    """
    beginning = None
    for weaver in islice(api.weavers([("ended", "true")]), _SEARCHED):
        names = (str(weaver.get("name") or ""), short_id(weaver))
        if reference in names:
            return weaver
        if beginning is None and any(name.startswith(reference) for name in names):
            beginning = weaver
    return beginning


def not_found(error: ApiError) -> bool:
    """Whether the API knows no weaver of that name."""
    return error.code == _NOT_FOUND


def explained(api: Api, reference: str, error: ApiError) -> ApiError:
    """``error``; when no weaver is called so, with one that was, or with the names and short ids that look like ``reference``."""
    if not not_found(error):
        return error
    try:
        hint = _hint(api, reference)
    except LoomError:
        return error  # the question has its answer; this was only to be helpful
    return ApiError(error.status, error.code, f"{error}{hint}", error.details)


def _hint(api: Api, reference: str) -> str:
    weavers = list(api.weavers([]))
    names = [str(weaver["name"]) for weaver in weavers if weaver.get("name")]
    if (gone := ended(api, reference)) and reference in (gone.get("name"), short_id(gone)):
        return f"; it has ended: loom describe {reference}"
    return did_you_mean(reference, [*names, *map(short_id, weavers)]) or "; list yours with: loom ps"
