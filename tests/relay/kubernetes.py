"""A Kubernetes API that does what a test tells it: the recorded pods, events and errors over real HTTP and WebSockets.

For what a real one does not do on demand: cut streams, forgotten versions, refusals, output at an exact moment.
"""

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from loom.session.tags import Tags

RECORDINGS = Path(__file__).parents[1] / "recordings" / "kubernetes"
TOKEN = "relay-token"


def recorded(name: str, weaver_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A recorded pod and its events, as if they were those of ``weaver_id``."""
    recording = json.loads((RECORDINGS / "pods" / f"{name}.json").read_text())
    pod = copy.deepcopy(recording["pod"])
    pod["metadata"]["name"] = f"weaver-{weaver_id}"
    return pod, recording["events"]["items"]


@dataclass(eq=False)
class Stream:
    """One attach as the server sees it."""

    websocket: web.WebSocketResponse
    raw: bytearray = field(default_factory=bytearray)  # all that came to be typed
    tags: Tags = field(default_factory=Tags)
    input: bytearray = field(default_factory=bytearray)  # the same as a ``loom session`` reads it
    sizes: list[tuple[int, int]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    over: asyncio.Event = field(default_factory=asyncio.Event)  # the client is gone

    async def send(self, data: bytes) -> None:
        await self.websocket.send_bytes(b"\x01" + data)

    async def end(self, status: dict[str, Any] | None = None) -> None:
        """As recorded: a Status on channel 3, then close 1000."""
        body = json.dumps(status or {"metadata": {}, "status": "Success"})
        await self.websocket.send_bytes(b"\x03" + body.encode())
        await self.websocket.close()

    async def cut(self) -> None:
        """The connection is gone, without a word."""
        transport = self.websocket._req.transport if self.websocket._req else None
        assert transport
        transport.abort()

    async def has_input(self, data: bytes) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: data in self.input)

    async def has_sizes(self, *sizes: tuple[int, int]) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: len(self.sizes) >= len(sizes))
        assert self.sizes == list(sizes)

    async def has_size(self, rows: int, cols: int) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: bool(self.sizes) and self.sizes[-1] == (rows, cols))


class Kubernetes:
    """One namespace. Everything is public to the tests."""

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.slices: dict[str, dict[str, Any]] = {}  # EndpointSlices
        self.refuses_slices = False  # as one does that gave no right to them
        self.logs: dict[str, bytes] = {}  # by container
        self.version = 1000
        self.history: list[tuple[int, str, dict[str, Any]]] = []
        self.forgotten = 0  # versions up to this are answered with 410
        self.lists = 0
        self.ends_watches = False  # as soon as they told what was new
        self.watched_at: list[float] = []  # seconds of the event loop's clock
        self.changed = asyncio.Condition()
        self.refuse_attach: web.Response | None = None  # once
        self.refuses_attach = False  # again and again
        self.streams: asyncio.Queue[Stream] = asyncio.Queue()
        self.following = asyncio.Condition()
        self.answers_pings = True
        self.greeting = b""  # what a stream says as soon as it is open
        self.executed: list[list[str]] = []
        self.prints: bytes | None = None  # what an executed command does, if there is such a command
        self.url = ""

    # -- what tests do

    async def show(self, name: str, weaver_id: str) -> None:
        """The weaver's pod now looks like this recording."""
        pod, events = recorded(name, weaver_id)
        self.events = events
        await self.set_pod(pod)

    async def set_pod(self, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        await self.change("MODIFIED" if name in self.pods else "ADDED", pod)
        self.pods[name] = pod

    async def set_slice(self, name: str, addresses: dict[str, bool], port: int, service: str = "relays") -> None:
        """A slice of the Service, as the control plane writes it: addresses of pods, and whether each is being ended."""
        one = {
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}},
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": [address], "conditions": {"ready": not going, "serving": True, "terminating": going}}
                for address, going in addresses.items()
            ],
            "ports": [{"name": "relay", "port": port, "protocol": "TCP"}],
        }
        await self.change("MODIFIED" if name in self.slices else "ADDED", one)
        self.slices[name] = one

    async def remove_slice(self, name: str) -> None:
        await self.change("DELETED", self.slices.pop(name))

    async def remove(self, weaver_id: str) -> None:
        await self.change("DELETED", self.pods.pop(f"weaver-{weaver_id}"))

    async def grow_log(self, container: str, data: bytes) -> None:
        async with self.following:
            self.logs[container] = self.logs.get(container, b"") + data
            self.following.notify_all()

    async def forget(self) -> None:
        """Ends every watch; where they were, nobody can watch from any more."""
        async with self.changed:
            self.version += 1
            self.forgotten = self.version
            self.changed.notify_all()

    async def change(self, kind: str, changed: dict[str, Any]) -> None:
        """What watches are told next: ADDED, MODIFIED or DELETED."""
        async with self.changed:
            self.version += 1
            changed["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, kind, copy.deepcopy(changed)))
            self.changed.notify_all()

    async def stream(self) -> Stream:
        """The next attach."""
        async with asyncio.timeout(20):
            return await self.streams.get()

    def kubeconfig(self) -> str:
        return json.dumps(
            {
                "current-context": "test",
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "relay"}}],
                "clusters": [{"name": "test", "cluster": {"server": self.url}}],
                "users": [{"name": "relay", "user": {"token": TOKEN}}],
            }
        )

    # -- the API

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_authenticate])
        base = "/api/v1/namespaces/loom-weavers"
        app.router.add_get(f"{base}/pods", self._pods)
        app.router.add_get(f"{base}/events", self._list_events)
        app.router.add_get("/apis/discovery.k8s.io/v1/namespaces/loom/endpointslices", self._endpoint_slices)
        app.router.add_get(f"{base}/pods/{{name}}/log", self._log)
        app.router.add_get(f"{base}/pods/{{name}}/attach", self._attach)
        app.router.add_get(f"{base}/pods/{{name}}/exec", self._execute)
        return app

    async def _pods(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        if "watch" in request.query:
            return await self._watch(request, lambda one: bool(one["metadata"]["name"] == name))
        self.lists += 1
        items = [pod for pod in self.pods.values() if not name or pod["metadata"]["name"] == name]
        return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})

    async def _endpoint_slices(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_slices:
            why = 'endpointslices.discovery.k8s.io is forbidden: User "relay" cannot list resource "endpointslices"'
            return web.json_response({"kind": "Status", "reason": "Forbidden", "message": why}, status=403)
        label, _, service = request.query["labelSelector"].partition("=")
        if "watch" in request.query:
            return await self._watch(request, lambda one: one["metadata"].get("labels", {}).get(label) == service)
        items = [one for one in self.slices.values() if one["metadata"]["labels"][label] == service]
        return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})

    async def _watch(self, request: web.Request, wanted: Callable[[dict[str, Any]], bool]) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        self.watched_at.append(asyncio.get_running_loop().time())
        response = web.StreamResponse()
        await response.prepare(request)
        if since < self.forgotten:
            gone = {"kind": "Status", "status": "Failure", "reason": "Expired", "message": "too old", "code": 410}
            await response.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            return response
        while since >= self.forgotten:
            for version, kind, one in self.history[:]:
                if version > since and wanted(one):
                    await response.write(json.dumps({"type": kind, "object": one}).encode() + b"\n")
                since = max(since, version)
            if self.ends_watches:
                break
            await self._newer_than(since)
        return response

    async def _newer_than(self, version: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.version > version)

    async def _list_events(self, request: web.Request) -> web.Response:
        return web.json_response({"metadata": {}, "items": self.events})

    async def _log(self, request: web.Request) -> web.StreamResponse:
        container = request.query["container"]
        if "follow" not in request.query:
            return web.Response(body=self.logs.get(container, b""))
        response = web.StreamResponse()
        await response.prepare(request)
        sent = 0
        while True:
            data = self.logs.get(container, b"")
            if len(data) > sent:
                await response.write(data[sent:])
                sent = len(data)
            await self._longer_than(container, sent)

    async def _longer_than(self, container: str, length: int) -> None:
        async with self.following:
            await self.following.wait_for(lambda: len(self.logs.get(container, b"")) > length)

    async def _execute(self, request: web.Request) -> web.StreamResponse:
        self.executed.append(request.query.getall("command"))
        websocket = web.WebSocketResponse(protocols=["v5.channel.k8s.io"], compress=False)
        await websocket.prepare(request)
        await websocket.send_bytes(b"\x01")
        ended = {"status": "Failure", "message": "executable file not found in $PATH", "code": 500}
        if self.prints is not None:
            await websocket.send_bytes(b"\x01" + self.prints)
            ended = {"status": "Success"}
        await websocket.send_bytes(b"\x03" + json.dumps({"metadata": {}, **ended}).encode())
        await websocket.close()
        return websocket

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_attach:
            return web.Response(status=503)
        if self.refuse_attach is not None:
            refusal, self.refuse_attach = self.refuse_attach, None
            return refusal
        websocket = web.WebSocketResponse(protocols=["v5.channel.k8s.io"], compress=False, autoping=self.answers_pings)
        await websocket.prepare(request)
        await websocket.send_bytes(b"\x01")
        stream = Stream(websocket)
        if self.greeting:
            await stream.send(self.greeting)
        self.streams.put_nowait(stream)
        async for message in websocket:
            if message.type in (WSMsgType.PING, WSMsgType.PONG):
                continue
            if message.type is not WSMsgType.BINARY:
                break
            channel, payload = message.data[0], message.data[1:]
            async with stream.changed:
                if channel == 0:
                    stream.raw += payload
                    stream.input += stream.tags.feed(payload)
                elif channel == 4:
                    size = json.loads(payload)
                    stream.sizes.append((size["Height"], size["Width"]))
                stream.changed.notify_all()
        stream.over.set()
        return websocket


@web.middleware
async def _authenticate(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return web.json_response({"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized"}, status=401)
    response: web.StreamResponse = await handler(request)
    return response
