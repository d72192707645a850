"""``python -m relay``: the attach relay, configured by the environment (see :mod:`relay.settings`)."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from chalicelib.domain.kubeconfig import KubeconfigError
from relay import logs
from relay.access import load_access
from relay.admission import Admission
from relay.api import Api
from relay.forwarding import Forwarding
from relay.kube import Kube
from relay.limits import Connections
from relay.metrics import Metrics
from relay.owner import Peers
from relay.peers_in_cluster import PeersInCluster
from relay.resume import ResumeTokens
from relay.server import Doors
from relay.sessions import Sessions
from relay.settings import Settings, SettingsError, from_environment

#: Seconds viewers have to take their last words; the whole shutdown stays below five.
_DRAIN: Final = 3.0


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns 0 then, 2 when the configuration cannot be used."""
    try:
        settings = from_environment()
        logs.configure(settings.log_level)
        uvloop.run(serve(settings))
    except (SettingsError, KubeconfigError) as error:
        sys.stderr.write(f"relay: {error}\n")
        return 2
    return 0


async def serve(settings: Settings) -> None:
    """Listen, say so on stdout, and drain on a signal. Raises KubeconfigError, and what keeping up with other relays failed of."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    folder = settings.kubeconfig.parent if settings.kubeconfig else Path("/")
    kube = Kube(load_access(settings.kubeconfig), settings.namespace, folder, settings.ping)
    api = Api(settings.server_url, settings.token)
    tokens = ResumeTokens(settings.resume_key, _now)
    metrics = Metrics()
    connections = Connections(settings.limits, asyncio.get_running_loop().time)
    sessions = Sessions(kube, api.report, _now, settings.linger, settings.stall, tokens, metrics)
    admission = Admission(api, tokens, _now)
    peers = Peers(settings.own_url, settings.peers)
    in_cluster = PeersInCluster(kube, settings.peers_service, peers) if settings.peers_service else None
    forwarding = Forwarding(peers, connections, metrics.forwarded, settings.resume_key or "", settings.ping)
    doors = Doors(kube, api, admission, sessions, connections, metrics, peers, forwarding, settings.ping)
    application = doors.application()
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port)

    def looked() -> None:
        sessions.keep(peers.owns)
        forwarding.keep()

    if in_cluster:
        await in_cluster.start()
    await peers.start()
    looking = asyncio.create_task(_follow(peers, in_cluster, looked))
    looking.add_done_callback(lambda _: ended.set())  # who cannot keep up with the others must not go on beside them
    try:
        await site.start()
        host, port = runner.addresses[0][:2]
        sys.stdout.write(f"ready http://{f'[{host}]' if ':' in host else host}:{port}\n")
        sys.stdout.flush()
        await ended.wait()
        looking.cancel()
        await site.stop()
        await asyncio.gather(forwarding.send_away(), sessions.drain(_DRAIN))
        with suppress(asyncio.CancelledError):
            await looking  # raises what it failed of, if it did
    finally:
        looking.cancel()
        await runner.cleanup()
        await forwarding.close()
        await api.close()
        await kube.close()


async def _follow(peers: Peers, in_cluster: PeersInCluster | None, looked: Callable[[], None]) -> None:
    """Keeps up with the other relays, and calls ``looked`` whenever it has looked at them."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(peers.run(looked))
        if in_cluster:
            tasks.create_task(in_cluster.run())


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
