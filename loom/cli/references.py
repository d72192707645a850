"""The weaver that somebody means by what they typed."""

from loom.cli.labels import short_id
from loom.client.api import Api, Weaver
from loom.client.errors import ApiError, LoomError
from loom.client.nearest import did_you_mean

_NOT_FOUND = "weaver_not_found"


def found(api: Api, reference: str) -> Weaver:
    """The weaver. Raises ApiError, which tells of names that look alike when there is none of this one."""
    try:
        return api.get(reference)
    except ApiError as error:
        raise explained(api, reference, error) from error


def explained(api: Api, reference: str, error: ApiError) -> ApiError:
    """``error``, with the names and short ids that look like ``reference`` when no weaver is called so."""
    if error.code != _NOT_FOUND:
        return error
    try:
        weavers = list(api.weavers([]))
    except LoomError:
        return error  # the question has its answer; this was only to be helpful
    names = [str(weaver["name"]) for weaver in weavers if weaver.get("name")]
    hint = did_you_mean(reference, [*names, *map(short_id, weavers)]) or "; list yours with: loom ps"
    return ApiError(error.status, error.code, f"{error}{hint}", error.details)
