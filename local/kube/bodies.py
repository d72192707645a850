"""Reading the body of a create or delete."""

from aiohttp import web

from local.kube import status
from local.kube.decoding import Decoded, decode, require_strict, warnings
from local.kube.options import CreateOptions, DeleteOptions
from local.kube.schema import DELETE_OPTIONS, Struct
from local.kube.status import ApiError


async def created_object(request: web.Request, kind: Struct, options: CreateOptions) -> tuple[Decoded, list[str]]:
    """The object to create and the ``Warning`` headers to answer with. Raises ApiError 400, 415, 500 (recorded)."""
    decoded = decode(kind, request.content_type, await request.read())
    if options.field_validation == "Strict":
        require_strict(kind, decoded)
    metadata = decoded.object.setdefault("metadata", {})
    if metadata.get("resourceVersion"):
        raise ApiError(500, None, "resourceVersion should not be set on objects to be created")
    return decoded, (warnings(decoded) if options.field_validation == "Warn" else [])


def require_same_namespace(decoded: Decoded, namespace: str) -> None:
    """Raises ApiError 400."""
    if decoded.object["metadata"].get("namespace", namespace) not in ("", namespace):
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise status.bad_request(message)


async def delete_options(request: web.Request) -> DeleteOptions:
    """From the body, or else from the query. Raises ApiError 400, 415 and 422."""
    body = await request.read()
    decoded = decode(DELETE_OPTIONS, request.content_type, body) if body else None
    return DeleteOptions.of(request.query, decoded)
