"""``python -m local up`` and ``python -m local demo``: the laptop edition in the foreground."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from chalicelib.domain.errors import WeaverError
from chalicelib.domain.kubeconfig import KubeconfigError
from local import cluster, demo, login
from local.cluster import Cluster
from local.edition import IMAGE, NAMESPACE, start
from local.kube import isolation
from local.supervisor import PartFailed, Supervisor, say_to
from loom.client.config import config_path

_STATE = Path(".loom")


async def up(state: Path, tick: float, namespace: str, used: Cluster | None) -> None:
    """Everything, until SIGINT or SIGTERM; in our own node, or in the cluster that is ``used``. Raises PartFailed."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    say = say_to(sys.stdout)
    if used:
        _tell_cluster(used, say)
    elif warning := isolation.warning():
        say(f"\n{warning}\n")
    say("starting the parts")
    async with Supervisor(state / "logs", say) as supervisor:
        starting = asyncio.create_task(start(supervisor, state, tick, namespace, used))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait([starting, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return
        edition = await starting
        repository = "https://…"  # a cluster does not reach this machine
        if not used:
            git = await supervisor.start("git", "local.repository", str(state / "repositories"))
            repository = f"{git.url}/hello.git"
        with login.written(edition, state / "config.toml") as path:
            say(f"\nready; the login is in {path}. In another terminal:\n")
            say(f"  export PATH={Path(sys.executable).parent}:$PATH")
            if str(path) != config_path(os.environ):
                say(f"  export LOOM_CONFIG={path.absolute()}")
            say(f"  loom new --repo {repository}\n\nCtrl+C ends everything.")
            watching = asyncio.create_task(supervisor.watch())
            await asyncio.wait([watching, waiting], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                await watching
            watching.cancel()
        say("\nending the parts")


def _tell_cluster(used: Cluster, say: Callable[[str], None]) -> None:
    image = os.environ.get("LOOM_WEAVER_IMAGE") or IMAGE
    say(f"weavers run in the namespace {used.namespace} of {used.server}, from the image {image}")
    if image == IMAGE:
        say("(if the cluster cannot pull it, name another one: LOOM_WEAVER_IMAGE=…)")
    say("")


def _up_in_cluster(arguments: argparse.Namespace) -> None:
    """Leaves nothing behind: weavers that no record knows would only be in the way of the next start.

    Raises PartFailed, KubeconfigError, WeaverError.
    """
    used = cluster.use(arguments.kubeconfig, arguments.namespace, arguments.state)
    cluster.delete_pods(used)  # those of a start that was killed
    try:
        asyncio.run(up(arguments.state, arguments.tick, arguments.namespace, used))
    finally:
        try:
            if number := cluster.delete_pods(used):
                print(f"deleted {number} weaver{'s' if number > 1 else ''} from the cluster")
        finally:
            used.kubeconfig.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description="the laptop edition")
    parser.add_argument("command", choices=("up", "demo"))
    parser.add_argument("--state", type=Path, default=_STATE, help="where logs and logins are kept (default .loom)")
    parser.add_argument("--tick", type=float, default=60, help="seconds between sweeps (default 60)")
    parser.add_argument(
        "--kubeconfig", metavar="PATH", help="for `up`: run weavers in this cluster, not in a node of our own; see docs/real-cluster.md"
    )  # fmt: skip
    parser.add_argument(
        "--namespace", default=os.environ.get("LOOM_NAMESPACE") or NAMESPACE,
        help="the weavers' namespace, which a cluster must have (default: LOOM_NAMESPACE, else %(default)s)",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.kubeconfig and arguments.command != "up":
        parser.error("--kubeconfig is for `up`: the demo runs in a node of its own")
    return arguments


def main() -> int:
    arguments = _arguments()
    arguments.state = arguments.state.absolute()  # the parts and their containers have working folders of their own
    arguments.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if arguments.command == "demo":
            return asyncio.run(demo.run(arguments.state))
        if arguments.kubeconfig:
            _up_in_cluster(arguments)
        else:
            asyncio.run(up(arguments.state, arguments.tick, arguments.namespace, None))
    except (KubeconfigError, WeaverError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except PartFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
