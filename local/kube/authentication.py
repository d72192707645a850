"""Who may ask: one bearer token, also on loopback, since every process of the machine reaches loopback."""

import hmac
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from local.kube import status

#: What Kubernetes tells anybody (role ``system:public-info-viewer``). A wrong token is refused here, too.
PUBLIC: Final = frozenset({"/healthz", "/livez", "/readyz", "/version"})


def bearer_token(token: str) -> Middleware:
    """A middleware that raises ApiError 401 unless the request carries ``token``."""

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        said = request.headers.get("Authorization")
        if said is None and request.path.rstrip("/") in PUBLIC:
            return await handler(request)
        scheme, _, offered = (said or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(offered.strip().encode(), token.encode()):
            raise status.unauthorized()
        return await handler(request)

    return authenticate
