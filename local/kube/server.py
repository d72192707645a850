"""The HTTP server: routes to handlers, and the start and end of everything."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from local.kube import discovery, openapi, status
from local.kube.auth import policy
from local.kube.auth.middleware import authentication, authorization
from local.kube.auth.reviews import Reviews
from local.kube.auth.tokens import ServiceAccountTokens
from local.kube.collections import Collections
from local.kube.namespaces import INITIAL, NamespaceController, Namespaces, forget_old_events, new_namespace
from local.kube.node import Node
from local.kube.nodes import NODE_NAME, new_node
from local.kube.pods import Pods
from local.kube.registry import Registry
from local.kube.resources import STORED, Resource
from local.kube.responses import MAX_BODY, errors, mark_started
from local.kube.stored import Stored

_log = logging.getLogger(__name__)

_V1: Final = "/api/v1"
_IN_NAMESPACE: Final = f"{_V1}/namespaces/{{namespace}}"
#: Seconds that open requests get to end; the streams among them end by themselves before.
_SHUTDOWN: Final = 3.0
_EVENT_EXPIRY_INTERVAL: Final = 60.0


def refuse(what: str) -> Handler:
    """A handler for what Kubernetes has and this server has not."""

    async def handle(_: web.Request) -> web.StreamResponse:
        raise status.not_supported(what)

    return handle


def _routes(registry: Registry, node: Node, tokens: ServiceAccountTokens) -> list[web.RouteDef]:
    return [
        *_discovery_routes(),
        *_namespace_routes(registry),
        *_event_routes(registry),
        *_node_routes(registry),
        *_review_routes(Reviews(registry, tokens)),
        *_pod_routes(registry, node),
        *(route for resource in STORED for route in _stored_routes(registry, resource)),
    ]


def _get(path: str, handler: Handler) -> web.RouteDef:
    return web.get(path, handler, allow_head=False)


def _discovery_routes() -> list[web.RouteDef]:
    handlers: Mapping[str, Handler] = {
        "/version": discovery.version,
        "/healthz": discovery.healthz,
        "/livez": discovery.healthz,
        "/readyz": discovery.healthz,
        "/api": discovery.api,
        "/apis": discovery.apis,
        _V1: discovery.api_v1,
        "/openapi/v3": openapi.root,
        "/openapi/v3/api/v1": openapi.core,
        "/openapi/v3/apis/{group}/v1": openapi.group,
        "/apis/{group}": discovery.group,
        "/apis/{group}/v1": discovery.group_v1,
    }
    # Clients in Python ask with a slash at the end.
    return [_get(asked, handler) for path, handler in handlers.items() for asked in (path, f"{path}/")]


def _namespace_routes(registry: Registry) -> list[web.RouteDef]:
    namespaces, collections = Namespaces(registry), Collections(registry)
    one = f"{_V1}/namespaces/{{name}}"
    return [
        _get(f"{_V1}/namespaces", collections.list("namespaces")),
        web.post(f"{_V1}/namespaces", namespaces.create),
        _get(one, collections.get("namespaces")),
        web.delete(one, namespaces.delete),
        web.put(one, namespaces.replace),
        web.patch(one, namespaces.patch),
    ]


def _event_routes(registry: Registry) -> list[web.RouteDef]:
    collections = Collections(registry)
    return [
        _get(f"{_V1}/events", collections.list("events")),
        _get(f"{_IN_NAMESPACE}/events", collections.list("events")),
        _get(f"{_IN_NAMESPACE}/events/{{name}}", collections.get("events")),
        web.post(f"{_IN_NAMESPACE}/events", refuse("events from clients")),
    ]


def _node_routes(registry: Registry) -> list[web.RouteDef]:
    collections = Collections(registry)
    return [
        _get(f"{_V1}/nodes", collections.list("nodes")),
        _get(f"{_V1}/nodes/{{name}}", collections.get("nodes")),
    ]


def _review_routes(reviews: Reviews) -> list[web.RouteDef]:
    authentication_v1, authorization_v1 = "/apis/authentication.k8s.io/v1", "/apis/authorization.k8s.io/v1"
    return [
        web.post(f"{_IN_NAMESPACE}/serviceaccounts/{{name}}/token", reviews.token_request),
        web.post(f"{authentication_v1}/tokenreviews", reviews.token_review),
        web.post(f"{authentication_v1}/selfsubjectreviews", reviews.self_subject_review),
        web.post(f"{authorization_v1}/selfsubjectaccessreviews", reviews.self_subject_access_review),
        web.post(f"{authorization_v1}/selfsubjectrulesreviews", reviews.self_subject_rules_review),
        web.post(f"{authorization_v1}/subjectaccessreviews", reviews.subject_access_review),
    ]


def _stored_routes(registry: Registry, resource: Resource) -> list[web.RouteDef]:
    stored, collections = Stored(registry, resource), Collections(registry)
    everywhere = f"{resource.root}/{resource.plural}"
    every = f"{resource.root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else everywhere
    one = f"{every}/{{name}}"
    routes = [
        _get(every, collections.list(resource.name)),
        web.post(every, stored.create),
        web.delete(every, collections.delete(resource.name, stored.delete_one)),
        _get(one, collections.get(resource.name)),
        web.put(one, stored.replace),
        web.patch(one, stored.patch),
        web.delete(one, stored.delete),
    ]
    return [*routes, _get(everywhere, collections.list(resource.name))] if resource.namespaced else routes


def _pod_routes(registry: Registry, node: Node) -> list[web.RouteDef]:
    pods, collections = Pods(registry, node), Collections(registry)
    every, one = f"{_IN_NAMESPACE}/pods", f"{_IN_NAMESPACE}/pods/{{name}}"
    return [
        _get(f"{_V1}/pods", collections.list("pods")),
        _get(every, collections.list("pods")),
        web.post(every, pods.create),
        web.delete(every, collections.delete("pods", pods.delete_one)),
        _get(one, collections.get("pods")),
        web.delete(one, pods.delete),
        web.put(one, pods.updates.replace),
        web.patch(one, pods.updates.patch),
        _get(f"{one}/status", collections.get("pods")),
        web.put(f"{one}/status", pods.status_updates.replace),
        web.patch(f"{one}/status", pods.status_updates.patch),
        _get(f"{one}/log", pods.log),
        _get(f"{one}/attach", pods.attach),
        web.post(f"{one}/attach", pods.attach),
        _get(f"{one}/exec", pods.exec),
        web.post(f"{one}/exec", pods.exec),
        _get(f"{one}/portforward", pods.forward_ports),
        web.post(f"{one}/portforward", pods.forward_ports),
        web.route("*", f"{one}/{{subresource}}", pods.refused_subresource),
    ]


class ApiServer:
    """The pod API over ``registry`` and ``node``, which the caller starts and closes. ``token`` is the administrator's."""

    def __init__(self, registry: Registry, node: Node, token: str, tokens: ServiceAccountTokens) -> None:
        self._registry = registry
        policy.install(registry)
        registry.create("nodes", new_node(NODE_NAME))
        for name in INITIAL:
            registry.create("namespaces", new_namespace({"name": name}))
        middlewares = [errors, authentication(registry, token, tokens), authorization(registry)]
        app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY)
        app.on_response_prepare.append(mark_started)
        app.add_routes(_routes(registry, node, tokens))
        # A client that leaves must end its watch, log or attachment at once, not with the next write.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN, access_log=None, keepalive_timeout=75
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listens, in plain HTTP without ``tls``; the port that was bound. Raises OSError."""
        self._tasks = [
            asyncio.create_task(NamespaceController(self._registry).run(), name="namespaces"),
            asyncio.create_task(self._expire_events(), name="event expiry"),
        ]
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """Ends watches, then everything else."""
        self._registry.close()
        await self._runner.cleanup()
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                _log.error("a task of the server failed", exc_info=result)

    async def _expire_events(self) -> None:
        while True:
            await asyncio.sleep(_EVENT_EXPIRY_INTERVAL)
            forget_old_events(self._registry)
