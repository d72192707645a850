"""``pods/exec``: another program in a running container. How it ended is told by a Status on channel 3."""

from collections.abc import Sequence

from aiohttp import web

from local.kube import channels, status, streams
from local.kube.containers import is_scheduled, named_container
from local.kube.node import ExecFailed, Node
from local.kube.objects import Object
from local.kube.options import boolean
from local.kube.streams import Session


async def execute(request: web.Request, node: Node, pod: Object) -> web.StreamResponse:
    """Raises ApiError 400 and 501, PlainError 400 and 500; what fails after the upgrade is in the Status."""
    container = named_container(pod, request.query.get("container", ""))
    if not is_scheduled(pod):
        raise status.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    streams.require_websocket(request)
    streams.require_streams(request.query)
    protocol = streams.subprotocol(request)
    if protocol is None:
        return streams.no_subprotocol()
    node.require_running(pod, container)
    socket = await streams.accept(request, protocol)
    await streams.greet(socket, request.query)
    ended = await _run(request, socket, protocol, node, pod, container)
    if ended is not None:
        await socket.send_bytes(channels.status_frame(ended))
    await socket.close()
    return socket


async def _run(
    request: web.Request, socket: web.WebSocketResponse, protocol: str, node: Node, pod: Object, container: str
) -> Object | None:
    """The Status of its end; None when the client left before."""
    command = request.query.getall("command", [])
    tty, stdin = boolean(request.query, "tty"), boolean(request.query, "stdin")
    try:
        execution = await node.execute(pod, container, command, tty=tty, stdin=stdin)
    except ExecFailed as error:
        return not_started(protocol, str(error))
    try:
        if not await Session(socket, protocol, execution, request.query).run():
            return None
        return exited(protocol, command, await execution.exit_code())
    finally:
        execution.close()


def exited(protocol: str, command: Sequence[str], code: int) -> Object:
    """Version 4 goes through the API server's own words, version 5 through those that it reads from the node (recorded)."""
    if code == 0:
        return channels.SUCCESS
    shown = f"[{' '.join(command)}]"
    why = f"error executing command {shown}, exit code {code}" if protocol == channels.V4 else None
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {why or f'command terminated with exit code {code}'}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def not_started(protocol: str, why: str) -> Object:
    cause = f"error executing command in container: {why}"
    if protocol == channels.V5:
        cause = f"Internal error occurred: {cause}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {cause}",
        "reason": "InternalError",
        "details": {"causes": [{"message": cause}]},
        "code": 500,
    }
