"""Readiness probes: whether a running container says that it is ready."""

import asyncio
import contextlib
import http.client
from typing import Final

from local.kube.kubelet.pod_report import PodReport
from local.kube.kubelet.pod_status import ContainerState
from local.kube.node import ExecFailed
from local.kube.objects import Object
from local.kube.runtime.container import Container

#: Of what a probe says, this much is told.
_MAX_OUTPUT: Final = 10 * 1024
_LOCALHOST: Final = "127.0.0.1"


async def follow_readiness(
    report: PodReport, spec: Object, container: Container, state: ContainerState, field: str
) -> None:
    """Probes as often as the spec says, and writes every change of mind into the pod's status. Until cancelled."""
    probe = spec.get("readinessProbe")
    if not probe:
        return
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    in_a_row = 0
    ready = False
    while True:
        why = await _tried(probe, container)
        if why is not None:
            report.warn("Unhealthy", f"Readiness probe failed: {why}", field)
        in_a_row = in_a_row + 1 if (why is None) is not ready else 0
        if in_a_row >= probe.get("failureThreshold" if ready else "successThreshold", 3 if ready else 1):
            ready, in_a_row = not ready, 0
            state.ready = ready
            report.write()
        await asyncio.sleep(probe.get("periodSeconds", 10))


async def _tried(probe: Object, container: Container) -> str | None:
    """None when it succeeds, otherwise what it says."""
    seconds = probe.get("timeoutSeconds", 1)
    try:
        async with asyncio.timeout(seconds):
            if "exec" in probe:
                return await _execute(probe["exec"].get("command", []), container)
            if "httpGet" in probe:
                return await _get(probe["httpGet"])
            return await _connect(probe["tcpSocket"])
    except TimeoutError:
        return f"timed out after {seconds}s"
    except (OSError, ValueError) as error:
        return str(error)
    except ExecFailed as error:
        return str(error)


async def _execute(command: list[str], container: Container) -> str | None:
    execution = await container.execute(command, tty=False, stdin=False)
    said = b""
    try:
        while (output := await execution.read()) is not None:
            said = (said + output[1])[:_MAX_OUTPUT]
        return None if await execution.exit_code() == 0 else said.decode(errors="replace")
    finally:
        if not execution.ended.done():
            execution.kill()
        execution.close()


async def _connect(action: Object) -> str | None:
    _, writer = await asyncio.open_connection(action.get("host", _LOCALHOST), int(action["port"]))
    writer.close()
    with contextlib.suppress(OSError):  # reset by the other side: it did listen
        await writer.wait_closed()
    return None


async def _get(action: Object) -> str | None:
    status = await asyncio.to_thread(_status, action, int(action["port"]))
    return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"


def _status(action: Object, port: int) -> int:
    """Redirects are a success, and not followed. Blocks for ten seconds at most."""
    connection = http.client.HTTPConnection(action.get("host", _LOCALHOST), port, timeout=10)
    try:
        headers = {header["name"]: header["value"] for header in action.get("httpHeaders", ())}
        connection.request("GET", action.get("path", "/"), headers={"User-Agent": "kube-probe/1.36", **headers})
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
