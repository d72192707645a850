"""The Kubernetes API as the relay uses it: one pod's state, events, log and attach stream, and where a Service's pods are.

Plain REST over aiohttp.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiohttp

from chalicelib.domain.kubeconfig import ClusterAccess
from chalicelib.domain.pod_status import WEAVER_CONTAINER
from relay.access import ssl_context
from relay.attach import Attach
from relay.authentication import Authentication
from relay.core import channels

_REQUEST: Final = aiohttp.ClientTimeout(total=10)
_STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=10)
#: Seconds after which the server ends a watch, and after which a watch that says nothing is given up.
_WATCH_SECONDS: Final = 240
_WATCH: Final = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_WATCH_SECONDS + 30)
#: Seconds from the beginning of a watch to that of the next: some servers and proxies end them at once.
WATCH_AT_LEAST: Final = 0.2
#: A watch's line is a whole pod.
_LINE_LIMIT: Final = 4 * 1024 * 1024
#: Seconds a server has to answer when a stream is closed.
_CLOSE_WITHIN: Final = 1.0
#: Seconds that a command may take.
_RUN_WITHIN: Final = 3.0
#: Bytes that it may print: twice what ``loom session`` keeps.
_PRINTED_LIMIT: Final = 4 * 1024 * 1024
#: A log is read up to this many bytes.
_LOG_LIMIT: Final = 4 * 1024 * 1024


#: Of a watch: ADDED, MODIFIED, DELETED or BOOKMARK, and the object.
Changes: TypeAlias = AsyncGenerator[tuple[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Service:
    """A Service's name, and the namespace that it is in."""

    namespace: str
    name: str


class KubeError(Exception):
    """Kubernetes refused or could not be reached. ``status`` is the HTTP status, 0 when there was no answer."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Kube:
    """One namespace of one cluster. ``folder`` is where relative paths of the kubeconfig count from.

    ``ping`` is the seconds between pings on attach streams: load balancers and API servers cut those that are idle, and what is cut
    without a word is noticed when no answer comes.
    """

    def __init__(self, access: ClusterAccess, namespace: str, folder: Path = Path(), ping: float = 30.0) -> None:
        self._ping = ping
        self._server = access.server
        self._pods = f"{access.server}/api/v1/namespaces/{namespace}/pods"
        self._events = f"{access.server}/api/v1/namespaces/{namespace}/events"
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=ssl_context(access, folder), limit=0),
            headers={"Accept": "application/json"},
            middlewares=[Authentication(access, folder)],
            read_bufsize=_LINE_LIMIT,
        )

    async def close(self) -> None:
        """Ends every request."""
        await self._http.close()

    async def ping(self) -> None:
        """Raises KubeError when pods of the namespace cannot be listed."""
        await self._json(self._pods, {"limit": "1"})

    async def find_pod(self, name: str) -> tuple[dict[str, Any] | None, str]:
        """The pod, None when there is none, and the resourceVersion to watch from. Raises KubeError."""
        body = await self._json(self._pods, {"fieldSelector": f"metadata.name={name}"})
        return next(iter(body.get("items") or ()), None), body["metadata"]["resourceVersion"]

    def watch_pod(self, name: str, version: str) -> Changes:
        """Changes of the pod after ``version``. Raises KubeError; 410 means: list again."""
        return self._watch(self._pods, {"fieldSelector": f"metadata.name={name}"}, version)

    async def find_slices(self, service: Service) -> tuple[list[dict[str, Any]], str]:
        """The EndpointSlices of the Service, and the resourceVersion to watch from. Raises KubeError."""
        body = await self._json(*self._slices(service))
        return list(body.get("items") or ()), body["metadata"]["resourceVersion"]

    def watch_slices(self, service: Service, version: str) -> Changes:
        """Changes of the Service's EndpointSlices after ``version``. Raises KubeError; 410 means: list again."""
        return self._watch(*self._slices(service), version)

    async def pod_events(self, uid: str) -> list[dict[str, Any]]:
        """The events of the pod with this uid. Raises KubeError."""
        body = await self._json(self._events, {"fieldSelector": f"involvedObject.uid={uid}"})
        return list(body.get("items") or ())

    async def log(self, name: str, tail_lines: int) -> bytes:
        """The end of the weaver container's log; empty when there is none. Raises KubeError."""
        query = {"container": WEAVER_CONTAINER, "tailLines": str(tail_lines)}
        try:
            async with self._http.get(f"{self._pods}/{name}/log", params=query, timeout=_REQUEST) as response:
                if response.status in (400, 404):  # did not start, or is gone
                    return b""
                await _check(response)
                pieces = [piece async for piece in response.content.iter_chunked(1 << 16)]
        except (aiohttp.ClientError, TimeoutError) as error:
            raise KubeError(0, "Unreachable", f"log: {error or type(error).__name__}") from error
        return b"".join(pieces)[-_LOG_LIMIT:]

    async def follow_log(self, name: str, container: str) -> AsyncGenerator[str, None]:
        """The lines of a container's log as they are written, until it ends. Raises KubeError."""
        query = {"container": container, "follow": "true", "tailLines": "1"}
        try:
            async with self._http.get(f"{self._pods}/{name}/log", params=query, timeout=_STREAM) as response:
                await _check(response)
                async for line in response.content:
                    yield line.decode(errors="replace").strip()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubeError(0, "Unreachable", f"log: {error or type(error).__name__}") from error

    async def attach(self, name: str) -> Attach:
        """Opens the weaver container's terminal. Raises KubeError: some errors come as HTTP, others as the stream's first Status."""
        return await self._stream(name, "attach", {"stdin": "true", "stdout": "true", "tty": "true"}, ())

    async def run(self, name: str, command: Sequence[str]) -> bytes:
        """What ``command`` prints in the weaver container. Raises KubeError, also when it fails, takes long or prints much."""
        stream = await self._stream(name, "exec", {"stdout": "true"}, command)
        printed = bytearray()
        try:
            async with asyncio.timeout(_RUN_WITHIN):
                while (data := await stream.read()) is not None:
                    printed += data
                    if len(printed) > _PRINTED_LIMIT:
                        raise KubeError(0, "ExecFailed", f"{command[0]} prints too much")
        except TimeoutError as error:
            raise KubeError(0, "ExecFailed", f"{command[0]} took longer than {_RUN_WITHIN:.0f} s") from error
        finally:
            await stream.close()
        if not (stream.status and stream.status.success):
            raise KubeError(0, "ExecFailed", stream.status.message if stream.status else "exec: the connection broke")
        return bytes(printed)

    async def _stream(self, name: str, door: str, query: Mapping[str, str], command: Sequence[str]) -> Attach:
        try:
            websocket = await self._http.ws_connect(
                f"{self._pods}/{name}/{door}",
                params=[("container", WEAVER_CONTAINER), *query.items(), *(("command", word) for word in command)],
                protocols=[channels.SUBPROTOCOL],
                autoclose=False,  # or the server's close code 1000 is reported as 1006
                heartbeat=self._ping,
                max_msg_size=0,
                compress=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_WITHIN),
            )
        except aiohttp.WSServerHandshakeError as error:
            raise KubeError(error.status, "StreamRefused", f"{door} was refused with {error.status}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise KubeError(0, "Unreachable", f"{door}: {error or type(error).__name__}") from error
        return Attach(websocket)

    def _slices(self, service: Service) -> tuple[str, dict[str, str]]:
        """Where they are, and how to ask for them."""
        url = f"{self._server}/apis/discovery.k8s.io/v1/namespaces/{service.namespace}/endpointslices"
        return url, {"labelSelector": f"kubernetes.io/service-name={service.name}"}

    async def _watch(self, url: str, query: Mapping[str, str], version: str) -> Changes:
        query = {
            **query,
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
            "allowWatchBookmarks": "true",
        }
        try:
            async with self._http.get(url, params=query, timeout=_WATCH) as response:
                await _check(response)
                async for line in response.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _error(event["object"].get("code", 500), event["object"])
                    yield event["type"], event["object"]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubeError(0, "Unreachable", f"the watch ended: {error or type(error).__name__}") from error

    async def _json(self, url: str, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            async with self._http.get(url, params=query, timeout=_REQUEST) as response:
                await _check(response)
                body: dict[str, Any] = await response.json(content_type=None)
                return body
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubeError(0, "Unreachable", f"Kubernetes: {error or type(error).__name__}") from error


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    text = await response.text()
    try:
        body = json.loads(text)
    except ValueError:
        body = {"message": text.strip()}
    raise _error(response.status, body if isinstance(body, dict) else {})


def _error(status: int, body: Mapping[str, Any]) -> KubeError:
    return KubeError(status, str(body.get("reason", "")), str(body.get("message") or f"HTTP {status}"))
