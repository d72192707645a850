"""``pods/attach``: a client at the streams of a container's main program."""

from aiohttp import web

from local.kube import channels, status, streams
from local.kube.containers import is_scheduled, named_container
from local.kube.node import Node
from local.kube.objects import Object


async def attach(request: web.Request, node: Node, pod: Object) -> web.StreamResponse:
    """Ends with Success whatever the exit code (recorded). Raises ApiError 400 and 501, PlainError 400 and 500."""
    container = named_container(pod, request.query.get("container", ""))
    if not is_scheduled(pod):
        raise status.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    streams.require_websocket(request)
    streams.require_streams(request.query)
    protocol = streams.subprotocol(request)
    if protocol is None:
        return streams.no_subprotocol()
    attachment = node.attach(pod, container)
    try:
        socket = await streams.accept(request, protocol)
        await streams.greet(socket, request.query)
        if await streams.Session(socket, protocol, attachment, request.query).run():
            await socket.send_bytes(channels.status_frame(channels.SUCCESS))
        await socket.close()
    finally:
        attachment.close()
    return socket
