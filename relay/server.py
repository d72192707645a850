"""The relay's doors (DESIGN §5, "on the relay")."""

import asyncio
import logging
from typing import Final, get_args

from aiohttp import web
from aiohttp.typedefs import Handler

from chalicelib.domain.ids import is_full_id
from loom import __version__
from loom.wire import Role
from relay.admission import Admission, Admitted, negotiate
from relay.api import Api
from relay.core.bucket import Bucket
from relay.events import serve_events
from relay.forwarding import Forwarding
from relay.kube import Kube, KubeError
from relay.limits import FRAME_LIMIT, Connections
from relay.metrics import CONTENT_TYPE, Metrics
from relay.owner import Peers
from relay.refusals import Refusal
from relay.sessions import Sessions

log = logging.getLogger(__name__)

#: What proxies add, whatever they are: the metrics are not for whoever is behind one.
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "Via")
_READY_WITHIN: Final = 3.0
_NOT_YET: Final = (
    "/api/weaver/{id}/logs",
    "/api/weaver/{id}/exec",
    "/api/weaver/{id}/tcp/{port}",
    "/t/{id}",
)


class Doors:
    """Handlers over the relay's parts. ``ping`` is the seconds between pings to viewers."""

    def __init__(
        self,
        kube: Kube,
        api: Api,
        admission: Admission,
        sessions: Sessions,
        connections: Connections,
        metrics: Metrics,
        peers: Peers,
        forwarding: Forwarding,
        ping: float,
    ) -> None:
        self._kube = kube
        self._api = api
        self._admission = admission
        self._sessions = sessions
        self._connections = connections
        self._metrics = metrics
        self._peers = peers
        self._forwarding = forwarding
        self._ping = ping

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._refusals_to_http])
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_get("/api/weaver/{id}/attach", self.attach)
        app.router.add_get("/api/weaver/{id}/events", self.events)
        for path in _NOT_YET:
            app.router.add_route("*", path, _not_implemented)
        return app

    async def healthz(self, _: web.Request) -> web.Response:
        """The process answers; whether it goes down is for other relays, which own its sessions then."""
        status = "draining" if self._sessions.draining else "ok"
        return web.json_response({"status": status, "version": __version__})

    async def readyz(self, _: web.Request) -> web.Response:
        """Sessions could be served: 503 says what is missing."""
        kubernetes, keys = await asyncio.gather(self._kubernetes(), self._keys())
        checks = {"kubernetes": kubernetes, "keys": keys, **({"relay": "draining"} if self._sessions.draining else {})}
        if self._peers.unknown:
            checks["peers"] = self._peers.unknown
        ready = all(check == "ok" for check in checks.values())
        return web.json_response({"status": "ok" if ready else "unready", **checks}, status=200 if ready else 503)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """The terminal."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refusal(426, "upgrade_required", "this is a WebSocket: connect with ws:// or wss://")
        if self._sessions.draining:
            raise Refusal(503, "draining", "the relay goes down: connect again")
        subprotocol = negotiate(request)
        reference = request.match_info["id"]
        admitted = None if is_full_id(reference) else await self._admission.admit(request, reference, "attach")
        weaver_id = admitted.weaver_id if admitted else reference
        if forwarded := await self._forwarding.forward(request, weaver_id):
            return forwarded
        admitted = admitted or await self._admission.admit(request, reference, "attach")
        self._sessions.check(admitted)
        with self._connections.hold(admitted) as allowance:
            return await self._view(request, subprotocol, admitted, allowance)

    async def _view(
        self, request: web.Request, subprotocol: str | None, admitted: Admitted, allowance: Bucket
    ) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(
            protocols=[subprotocol] if subprotocol else [],
            heartbeat=self._ping,
            max_msg_size=FRAME_LIMIT,
            compress=False,
            timeout=2.0,
        )
        await websocket.prepare(request)
        await self._sessions.view(websocket, admitted, allowance)
        return websocket

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stages and reasons, as server-sent events."""
        admitted = await self._admission.admit(request, request.match_info["id"], "events")
        with self._connections.hold(admitted):
            return await serve_events(request, self._kube, admitted.weaver_id)

    async def metrics(self, request: web.Request) -> web.Response:
        """For Prometheus, which asks each relay itself: what came through a proxy is refused."""
        if any(name in request.headers for name in _FORWARDED):
            raise Refusal(403, "forbidden", "metrics are told inside the cluster only")
        hubs = [session.hub for session in self._sessions.sessions]
        viewers = [viewer for hub in hubs for viewer in hub.viewers]
        roles: dict[str, int] = {role: sum(viewer.role == role for viewer in viewers) for role in get_args(Role)}
        text = self._metrics.text(
            sessions=len(hubs),
            viewers=roles,
            event_streams=len(self._connections) - self._connections.forwarded - self._sessions.viewing,
            forwarded=self._connections.forwarded,
            peers=self._peers.living,
            queued=sum(viewer.outbox.size for viewer in viewers),
            queue_peak=max((viewer.outbox.peak for viewer in viewers), default=0),
        )
        return web.Response(text=text, headers={"Content-Type": CONTENT_TYPE})

    @web.middleware
    async def _refusals_to_http(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as error:
            refusal = error
        except web.HTTPException as error:
            code = {404: "not_found", 405: "method_not_allowed"}.get(error.status, "invalid_request")
            refusal = Refusal(error.status, code, f"{request.method} {request.path}: {error.reason}")
        self._metrics.refused.add(label=refusal.code)
        return refusal.response()

    async def _kubernetes(self) -> str:
        try:
            async with asyncio.timeout(_READY_WITHIN):
                await self._kube.ping()
        except (KubeError, TimeoutError) as error:
            return str(error) or "no answer"
        return "ok"

    async def _keys(self) -> str:
        try:
            async with asyncio.timeout(_READY_WITHIN):
                return "ok" if await self._api.ready() else "the API publishes no keys"
        except (Refusal, TimeoutError) as error:
            return str(error) or "no answer"


async def _not_implemented(request: web.Request) -> web.Response:
    raise Refusal(501, "not_implemented", f"the relay does not serve {request.path} yet")
