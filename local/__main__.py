"""``python -m local up`` and ``python -m local demo``: the laptop edition in the foreground."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from local import demo, login
from local.edition import start
from local.kube import isolation
from local.supervisor import PartFailed, Supervisor, say_to
from loom.client.config import config_path

_STATE = Path(".loom")


async def up(state: Path, tick: float) -> None:
    """Everything, until SIGINT or SIGTERM. Raises PartFailed."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    say = say_to(sys.stdout)
    say("starting the parts")
    if warning := isolation.warning():
        say(f"\n{warning}\n")
    async with Supervisor(state / "logs", say) as supervisor:
        starting = asyncio.create_task(start(supervisor, state, tick))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait([starting, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return
        edition = await starting
        git = await supervisor.start("git", "local.repository", str(state / "repositories"))
        with login.written(edition, state / "config.toml") as path:
            say(f"\nready; the login is in {path}. In another terminal:\n")
            say(f"  export PATH={Path(sys.executable).parent}:$PATH")
            if str(path) != config_path(os.environ):
                say(f"  export LOOM_CONFIG={path.absolute()}")
            say(f"  loom new --repo {git.url}/hello.git\n\nCtrl+C ends everything.")
            watching = asyncio.create_task(supervisor.watch())
            await asyncio.wait([watching, waiting], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                await watching
            watching.cancel()
        say("\nending the parts")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="the laptop edition")
    parser.add_argument("command", choices=("up", "demo"))
    parser.add_argument("--state", type=Path, default=_STATE, help="where logs and logins are kept (default .loom)")
    parser.add_argument("--tick", type=float, default=60, help="seconds between sweeps (default 60)")
    arguments = parser.parse_args()
    arguments.state = arguments.state.absolute()  # the parts and their containers have working folders of their own
    arguments.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if arguments.command == "up":
            asyncio.run(up(arguments.state, arguments.tick))
        else:
            return asyncio.run(demo.run(arguments.state))
    except PartFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
