"""A weaver's stages and reasons as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

``event: status``, at once and after each change, in the same words as everywhere; ``event: end`` when nothing more will come.
A reader that reconnects needs no ``Last-Event-ID``: the first event is always how things are now.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from chalicelib.domain.ids import pod_name
from relay.core.viewer import WeaverState
from relay.follower import Observation, PodFollower
from relay.kube import Kube
from relay.states import APPEAR, weaver_state

#: Seconds of silence after which a comment is sent: proxies cut streams that say nothing.
_HEARTBEAT: Final = 15.0
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}

_News = asyncio.Queue[Observation]


async def serve_events(request: web.Request, kube: Kube, weaver_id: str) -> web.StreamResponse:
    """Answers ``request`` with the weaver's events until it is over or the reader leaves."""
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    news: _News = asyncio.Queue()
    follower = PodFollower(kube, pod_name(weaver_id), news.put_nowait)
    with suppress(ConnectionError):  # the reader left in the middle of a word
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follower.run())
            await _tell(response, news)
            following.cancel()
    return response


async def _tell(response: web.StreamResponse, news: _News) -> None:
    told: WeaverState | None = None
    appear = asyncio.get_running_loop().time() + APPEAR
    seen: Observation | None = Observation()
    while seen and not seen.over:
        if seen.existed:
            seen = await _next(news, _HEARTBEAT) or seen
        else:
            seen = await _next(news, appear - asyncio.get_running_loop().time())
        if seen and (state := weaver_state(seen)) != told and (seen.status or not seen.over):
            told = state
            await response.write(_event("status", _body(state)))
        else:
            await response.write(b": still here\n\n")
    await response.write(_event("end", {}))


async def _next(news: _News, within: float) -> Observation | None:
    try:
        async with asyncio.timeout(within):
            return await news.get()
    except TimeoutError:
        return None


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _body(state: WeaverState) -> dict[str, Any]:
    return {
        "status": state.status,
        "reason": state.reason,
        "message": state.message,
        "stages": {stage.name: stage.at for stage in state.stages},
    }
