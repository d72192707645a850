"""To whom the relay shows its token. That clusters take it is tested in tests/cluster."""

from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from chalicelib.domain.kubeconfig import ClusterAccess
from relay.authentication import Authentication
from tests.relay.conftest import served


async def test_a_redirect_does_not_carry_the_token_elsewhere():
    shown: list[tuple[str, str | None]] = []

    async def cluster(request: web.Request) -> web.Response:
        shown.append(("cluster", request.headers.get("Authorization")))
        raise web.HTTPFound(f"{other}/")

    async def elsewhere(request: web.Request) -> web.Response:
        shown.append(("elsewhere", request.headers.get("Authorization")))
        return web.Response()

    async with served(_at_root(elsewhere)) as other, served(_at_root(cluster)) as server:
        authentication = Authentication(ClusterAccess(server, token="secret"), Path())
        async with aiohttp.ClientSession(middlewares=[authentication]) as http, http.get(server) as answer:
            assert answer.status == 200
    assert shown == [("cluster", "Bearer secret"), ("elsewhere", None)]


def _at_root(handler: Handler) -> web.Application:
    application = web.Application()
    application.router.add_get("/", handler)
    return application
