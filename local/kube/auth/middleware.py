"""The two questions before any answer: who are you, and may you? 403 comes before 404: without rights nobody learns what exists."""

import base64
import binascii
import hmac
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.kube import status
from local.kube.auth.rbac import allowed
from local.kube.auth.request_info import RequestInfo, request_info
from local.kube.auth.tokens import ISSUER, InvalidToken, ServiceAccountTokens
from local.kube.auth.users import ADMIN, ANONYMOUS, User, named
from local.kube.registry import Registry
from local.kube.status import ApiError

USER: Final = web.RequestKey("user", User)

#: Browsers cannot send headers with a WebSocket: the token may come as a subprotocol, in base64url.
_TOKEN_PROTOCOL: Final = "base64url.bearer.authorization.k8s.io."  # noqa: S105  # a prefix, no password
#: A WebSocket to these is a GET that does what a POST does: Kubernetes 1.36 asks for the rights of both.
_STREAMS: Final = ("attach", "exec", "portforward")


def authentication(registry: Registry, admin_token: str, tokens: ServiceAccountTokens) -> Middleware:
    """Sets :data:`USER`. The middleware raises ApiError 401 for a token that is not valid; no token at all is anonymous."""

    def user_of(token: str) -> User:
        if hmac.compare_digest(token.encode(), admin_token.encode()):
            return ADMIN
        try:
            return tokens.verify(token, [ISSUER])[0]
        except InvalidToken as error:
            raise status.unauthorized() from error

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        token = _token(request)
        user = ANONYMOUS if token is None else user_of(token)
        request[USER] = _impersonated(registry, user, request)
        return await handler(request)

    return authenticate


def _token(request: web.Request) -> str | None:
    """Raises ApiError 401 for other credentials than a token."""
    if said := request.headers.get("Authorization"):
        scheme, _, token = said.partition(" ")
        if scheme.lower() != "bearer":
            raise status.unauthorized()
        return token.strip()
    for protocol in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if protocol.strip().startswith(_TOKEN_PROTOCOL):
            encoded = protocol.strip().removeprefix(_TOKEN_PROTOCOL)
            try:
                return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise status.unauthorized() from error
    return None


def _impersonated(registry: Registry, user: User, request: web.Request) -> User:
    """Who the user wants to be seen as (``kubectl --as``). Raises ApiError 403."""
    if (name := request.headers.get("Impersonate-User")) is None:
        return user
    other = named(name, tuple(request.headers.getall("Impersonate-Group", ())))
    wanted = [RequestInfo("impersonate", resource="users", name=name)]
    wanted += [RequestInfo("impersonate", resource="groups", name=group) for group in other.groups]
    for info in wanted:
        require_allowed(registry, user, info)
    return other


def authorization(registry: Registry) -> Middleware:
    """The middleware raises ApiError 403."""

    @web.middleware
    async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
        user, info = request[USER], request_info(request.method, request.rel_url.raw_path, request.query)
        require_allowed(registry, user, info)
        is_stream = info.resource == "pods" and info.subresource in _STREAMS
        if is_stream and request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            require_created(registry, user, info)
        return await handler(request)

    return authorize


def require_allowed(registry: Registry, user: User, info: RequestInfo) -> None:
    """Raises ApiError 403 in the recorded words."""
    if allowed(registry, user, info):
        return
    if not info.resource:
        raise status.forbidden(f'forbidden: User "{user.name}" cannot {info.verb} path "{info.path}"', {})
    scope = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    what = f'resource "{info.full_resource}" in API group "{info.group}" {scope}'
    raise _forbidden(info, f'User "{user.name}" cannot {info.verb} {what}')


def require_created(registry: Registry, user: User, info: RequestInfo) -> None:
    """Raises ApiError 403, which says nothing after "is forbidden: " (recorded)."""
    create = RequestInfo("create", info.path, info.group, info.resource, info.subresource, info.namespace, info.name)
    if not allowed(registry, user, create):
        raise _forbidden(info, "")


def _forbidden(info: RequestInfo, why: str) -> ApiError:
    resource = f"{info.resource}.{info.group}" if info.group else info.resource
    named = f' "{info.name}"' if info.name else ""
    return status.forbidden(f"{resource}{named} is forbidden: {why}", status.details(resource, info.name))
