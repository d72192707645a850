"""``python -m scripts.bench_relay.upstream KUBECONFIG SECONDS``: stands in for a cluster where each weaver runs and gives back what is typed,
after so many seconds.

No containers: of thousands, a laptop's node would take more than the relay. It speaks what the relay asks for and no more.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import uvloop
from aiohttp import WSMsgType, web

_NAMESPACE: Final = "loom-weavers"
_SINCE: Final = "2026-01-01T00:00:00Z"
_AFTER: Final = web.AppKey("after", float)
#: What a shell shows when it begins.
_GREETING: Final = b"\x01" + b"".join(b"\x1b[32mline %d\x1b[0m of a greeting\r\n" % number for number in range(24))


def _pod(name: str) -> dict[str, Any]:
    state = {"running": {"startedAt": _SINCE}}
    container = {"name": "weaver", "ready": True, "restartCount": 0, "image": "none", "imageID": "none", "state": state}
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": _SINCE}
    return {
        "metadata": {"name": name, "uid": name, "resourceVersion": "1", "creationTimestamp": _SINCE},
        "spec": {"containers": [{"name": "weaver", "image": "none"}]},
        "status": {
            "phase": "Running",
            "startTime": _SINCE,
            "conditions": [condition],
            "containerStatuses": [container],
        },
    }


async def _pods(request: web.Request) -> web.StreamResponse:
    name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
    if "watch" not in request.query:
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": [_pod(name)]})
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.Event().wait()  # nothing ever changes
    return response


async def _events(_: web.Request) -> web.Response:
    return web.json_response({"metadata": {}, "items": []})


async def _log(_: web.Request) -> web.Response:
    return web.Response()


async def _attach(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(protocols=["v5.channel.k8s.io"], compress=False)
    await websocket.prepare(request)
    await websocket.send_bytes(_GREETING)
    async for message in websocket:
        if message.type is WSMsgType.BINARY and message.data[:1] == b"\0":
            if after := request.app[_AFTER]:
                await asyncio.sleep(after)
            await websocket.send_bytes(b"\x01" + message.data[1:])
    return websocket


async def _refuse(_: web.Request) -> web.Response:
    return web.Response(status=500, text="no such command")


def _kubeconfig(url: str) -> str:
    return json.dumps(
        {
            "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
            "clusters": [{"name": "bench", "cluster": {"server": url}}],
            "users": [{"name": "bench", "user": {"token": "bench"}}],
        }
    )


async def _serve(kubeconfig: Path, after: float) -> None:
    gc.disable()  # a collection here would be measured as the relay's
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    application, base = web.Application(), f"/api/v1/namespaces/{_NAMESPACE}"
    application[_AFTER] = after
    application.router.add_get(f"{base}/pods", _pods)
    application.router.add_get(f"{base}/events", _events)
    application.router.add_get(f"{base}/pods/{{name}}/log", _log)
    application.router.add_get(f"{base}/pods/{{name}}/attach", _attach)
    application.router.add_get(f"{base}/pods/{{name}}/exec", _refuse)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    kubeconfig.write_text(_kubeconfig(url))  # noqa: ASYNC240  # a small file, once
    sys.stdout.write(f"ready {url}\n")
    sys.stdout.flush()
    await ended.wait()
    os._exit(0)  # thousands of streams: nobody waits for them


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1]), float(sys.argv[2])))
